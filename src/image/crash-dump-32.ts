import { crashDump } from './crash-dump/crash-dump.js';
import { HEADER_32 } from './crash-dump/header.js';

/** The same as the 64-bit one, of 32-bit Windows: header, memory block and pointers are half as wide. */
export const crashDump32 = crashDump('crash-dump-32', 'Windows crash dump, 32-bit (.dmp)', HEADER_32);
