/** A worker thread: receives images as tasks, one at a time, and replies with outcomes. */
import { parentPort } from 'node:worker_threads';
import { messageOf, PoolTrackerError } from '../../errors.js';
import { failureOf, type ImageTask, type WorkerAnswer } from './image-task.js';
import { processImage } from './process-image.js';

function failureOfThrown(error: unknown): WorkerAnswer {
  const known =
    error instanceof PoolTrackerError ? error : new PoolTrackerError('INTERNAL', `unexpected: ${messageOf(error)}`);
  return { failure: failureOf(known) };
}

const port = parentPort!;
port.on('message', (task: ImageTask) => {
  void processImage(task)
    .then((outcome): WorkerAnswer => ({ outcome }), failureOfThrown)
    .then((answer) => port.postMessage(answer));
});
