/**
 * Loaded into a process before its program (node --import): knows each change that a thread makes on the disk, before it
 * is made. What it does then, the environment says:
 *
 * - DISK_STEPS=die, DISK_STEPS_THREAD=main|worker, DISK_STEPS_AT=n: at the n-th change of such a thread the process is
 *   gone, as after kill -9.
 * - DISK_STEPS=ask: each change of the main thread waits until the parent process lets it go on.
 */
import fs from 'node:fs';
import fsPromises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const { DISK_STEPS: mode, DISK_STEPS_THREAD: thread, DISK_STEPS_AT: at } = process.env;

const PROMISED = ['appendFile', 'link', 'mkdir', 'mkdtemp', 'rename', 'rm', 'rmdir', 'unlink', 'writeFile'];
const OF_A_HANDLE = ['appendFile', 'datasync', 'sync', 'write', 'writeFile', 'writev'];
const CALLED_BACK = ['fsync', 'link', 'rename', 'unlink', 'write', 'writev'];
const AT_ONCE = ['linkSync', 'mkdirSync', 'renameSync', 'rmSync', 'unlinkSync', 'writeFileSync', 'writeSync'];

let count = 0;
/** Writing to standard output and error, and to no file at all, is no change. */
let isOn = false;

/** Changes that wait; the parent's answers come in the order of the questions. */
const waiting = [];

function goOn() {
  waiting.shift()();
  if (waiting.length === 0) process.off('message', goOn);
}

/** Before a change; @returns a promise where the change has to wait. */
function step(name, first) {
  if (!isOn || (typeof first === 'number' && first <= 2)) return undefined;
  if (mode === 'die' && (thread === 'main') === isMainThread && ++count === Number(at))
    process.kill(process.pid, 'SIGKILL');
  if (mode !== 'ask' || !isMainThread) return undefined;
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) process.on('message', goOn);
    process.send(`${name} ${String(first)}`);
  });
}

function hook(object, names, make) {
  for (const name of names) object[name] = make(name, object[name]);
}

const promised = (name, original) =>
  async function (...words) {
    await step(name, words[0]);
    return original.apply(this, words);
  };
const blocking = (name, original) =>
  function (...words) {
    void step(name, words[0]);
    return original.apply(this, words);
  };

hook(fsPromises, PROMISED, promised);
const handle = await fsPromises.open(new URL(import.meta.url));
hook(
  Object.getPrototypeOf(handle),
  OF_A_HANDLE,
  (name, original) =>
    async function (...words) {
      await step(`${name} of a file`, '');
      return original.apply(this, words);
    },
);
await handle.close();
if (mode === 'die') hook(fs, [...CALLED_BACK, ...AT_ONCE], blocking);
syncBuiltinESMExports();
isOn = true;
