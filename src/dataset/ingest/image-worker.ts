/** A worker thread: receives images as tasks, one at a time, and replies with outcomes. */
import { parentPort, workerData } from 'node:worker_threads';
import { knownError } from '../../errors.js';
import { loadPlugins } from '../../plugin/load-plugins.js';
import { failureOf, type ImageTask, type WorkerAnswer, type WorkerStart } from './image-task.js';
import { processImage } from './process-image.js';

function failureOfThrown(error: unknown): WorkerAnswer {
  return { failure: failureOf(knownError(error)) };
}

const port = parentPort!;
const loading = loadPlugins((workerData as WorkerStart).plugins);
// Every image is answered with what is wrong with it.
loading.catch(() => undefined);
port.on('message', (task: ImageTask) => {
  void loading
    .then(() => processImage(task))
    .then((outcome): WorkerAnswer => ({ outcome }), failureOfThrown)
    .then((answer) => port.postMessage(answer));
});
