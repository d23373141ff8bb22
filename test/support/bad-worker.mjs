// A worker thread that does with each task what its location says.
import { parentPort } from 'node:worker_threads';

parentPort.on('message', ({ location }) => {
  if (location === 'loop') for (;;);
  if (location === 'exit') process.exit(7);
  if (location === 'throw') throw new Error('out of order');
  if (location === 'heap') for (const kept = []; ;) kept.push(new Array(1e6).fill(kept.length));
  if (location !== 'silent') parentPort.postMessage({ outcome: { kind: 'passed-over', reason: location } });
});
