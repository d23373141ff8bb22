import { crashDump } from './crash-dump/crash-dump.js';
import { HEADER_64 } from './crash-dump/header.js';

/** What Windows itself and kernel debuggers write on x64 and ARM64: complete, kernel, automatic and live dumps, `.dump`. */
export const crashDump64 = crashDump('crash-dump-64', 'Windows crash dump, 64-bit (.dmp)', HEADER_64);
