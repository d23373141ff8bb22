import { setFlagsFromString } from 'node:v8';

/** V8's own, in bytes of bytecode that a function runs between two looks at whether it is hot; and what a short command gets. */
const [BUDGET, SHORT_BUDGET] = [66 << 10, 516 << 10];
/** Milliseconds after which a command is none of the short ones. */
const SHORT = 2000;

/**
 * Makes V8 wait eight times as long as it does by itself before it compiles a function with its optimizing compiler, as long
 * as a command is young: one for one image ends before that pays. A quarter of its CPU time went there, and a third of the
 * memory that it touched. And V8's space for new objects stays as it begins, at 1 MiB in place of 16, for as long as the
 * command runs: it is collected more often, but what is collected lies in the processor's cache, and memory that is touched
 * first costs more than that. Done for the V8 of Node 20, with which it was measured; the flags of later ones have other
 * names.
 */
export function optimizeLate(): void {
  if (!process.versions.v8.startsWith('11.')) return;
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString(`--interrupt-budget=${SHORT_BUDGET}`);
  setTimeout(() => setFlagsFromString(`--interrupt-budget=${BUDGET}`), SHORT).unref();
}
