import { setFlagsFromString } from 'node:v8';

/** V8's own, in bytes of bytecode that a function runs between two looks at whether it is hot; and what a short command gets. */
const [BUDGET, SHORT_BUDGET] = [66 << 10, 516 << 10];
/** Milliseconds after which a command is none of the short ones. */
const SHORT = 2000;

/** Whether it is the V8 of Node 20, with which all of this was measured; the flags of later ones have other names. */
const isMeasured = process.versions.v8.startsWith('11.');

/**
 * Makes V8 wait eight times as long as it does by itself before it compiles a function with its optimizing compiler, as long
 * as a command is young: one for one image ends before that pays. A quarter of its CPU time went there, and a third of the
 * memory that it touched. And V8's space for new objects stays as it begins, at 1 MiB in place of 16, for as long as the
 * command runs: it is collected more often, but what is collected lies in the processor's cache, and memory that is touched
 * first costs more than that.
 */
export function tuneV8(): void {
  if (!isMeasured) return;
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString(`--interrupt-budget=${SHORT_BUDGET}`);
  setTimeout(() => setFlagsFromString(`--interrupt-budget=${BUDGET}`), SHORT).unref();
}

/**
 * For a command that holds little but lets gigabytes of buffers pass, as decoders make them: V8 counts these against the
 * limit of its small heap, and begins to mark all of it for every 19 MB. Where it may only mark when it must, a scan of zstd
 * takes a fifth less time, and no more memory. A batch would take twice the memory.
 */
export function markAtOnce(): void {
  if (isMeasured) setFlagsFromString('--no-incremental-marking');
}
