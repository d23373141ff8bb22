import { arm64 } from './arm64.js';
import type { Paging } from './page-table.js';
import { x64La57 } from './x64-la57.js';
import { x64 } from './x64.js';
import { x86Pae } from './x86-pae.js';
import { x86 } from './x86.js';

/** Every kind of page tables that is walked, the most usual first. */
export const PAGINGS: readonly Paging[] = [x64, x64La57, x86Pae, x86, arm64];
