// A worker thread that does with each task what its location says.
import { BroadcastChannel, parentPort } from 'node:worker_threads';

/** Tells that the thread is at work on a task that it will not end. */
function tell(location) {
  const channel = new BroadcastChannel('bad-worker');
  channel.postMessage(location);
  channel.close();
}

parentPort.on('message', ({ location }) => {
  if (location === 'loop' || location === 'silent') tell(location);
  if (location === 'loop') for (;;);
  if (location === 'exit') process.exit(7);
  if (location === 'throw') throw new Error('out of order');
  if (location === 'heap') for (const kept = []; ;) kept.push(new Array(1e6).fill(kept.length));
  if (location !== 'silent') parentPort.postMessage({ outcome: { kind: 'passed-over', reason: location } });
});
