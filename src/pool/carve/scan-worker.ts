import { parentPort, workerData } from 'node:worker_threads';
import { PAGE_SIZE } from '../../address.js';
import { WasmScanner } from './wasm-scanner.js';
import type { WasmMemory, WasmModule } from './webassembly.js';

/** What a thread of the crew is started with. */
export interface WorkerStart {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  readonly thread: number;
}

/** Pages to look at, where they lie in the shared memory; answered by their signs. */
export interface WorkerJob {
  readonly offset: number;
  readonly pages: number;
}

const { module, memory, thread } = workerData as WorkerStart;
const scanner = new WasmScanner(module, memory, thread);

parentPort!.on('message', ({ offset, pages }: WorkerJob) => {
  const signs = new Uint16Array(pages);
  scanner.scan(new Uint8Array(memory.buffer, offset, pages * PAGE_SIZE), signs);
  parentPort!.postMessage(signs);
});
