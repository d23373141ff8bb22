/** A worker thread: receives images as tasks, one at a time, and replies with outcomes. */
import { parentPort } from 'node:worker_threads';
import { knownError } from '../../errors.js';
import { failureOf, type ImageTask, type WorkerAnswer } from './image-task.js';
import { processImage } from './process-image.js';

function failureOfThrown(error: unknown): WorkerAnswer {
  return { failure: failureOf(knownError(error)) };
}

const port = parentPort!;
port.on('message', (task: ImageTask) => {
  void processImage(task)
    .then((outcome): WorkerAnswer => ({ outcome }), failureOfThrown)
    .then((answer) => port.postMessage(answer));
});
