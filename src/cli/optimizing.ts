import { setFlagsFromString } from 'node:v8';

/**
 * Makes V8 wait eight times as long as it does by itself before it compiles a function with its optimizing compiler. A
 * command for one image ends before that pays: a quarter of its CPU time went there, and as much memory as the image took.
 * What works for minutes gets its optimized code some milliseconds later. Done for the V8 of Node 20, with which it was
 * measured; the flags of later ones have other names.
 */
export function optimizeLate(): void {
  if (process.versions.v8.startsWith('11.')) setFlagsFromString('--interrupt-budget=528000');
}
