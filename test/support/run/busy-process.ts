/**
 * A process for tests of signals: `TASK FILE` begins the output FILE, says `working` once the task's work has gone on for a
 * while, and never ends by itself. Signals are handled as the command line does.
 */
import { physicalAddress } from '../../../src/address.js';
import { openImage } from '../../../src/image/formats.js';
import { PhysicalMemory } from '../../../src/memory/physical-memory.js';
import { discardUnfinishedFiles, WholeFile } from '../../../src/sink/file/whole-file.js';
import { carvePages, makeTables, pagesOf } from '../expect/carve-pages.js';
import { BufferSource } from '../sources/buffer-source.js';

/** Work that never waits for anything: every promise is kept at once. */
const TASKS: Readonly<Record<string, () => Promise<() => Promise<unknown>>>> = {
  carve: () => {
    const pages = pagesOf(makeTables({ seed: 1, entrySize: 40, slots: 1024, processors: 4, tagCount: 500 }));
    return Promise.resolve(() => carvePages([...pages, ...pages.map((page) => Buffer.from(page))]));
  },
  pages: async () => {
    const memory = new PhysicalMemory(await openImage(new BufferSource(Buffer.alloc(1 << 20), 'zeros'), 'raw'));
    return async () => {
      for (let page = 0; page < 10_000; page++) await memory.page(physicalAddress(0));
    };
  },
};

const [task, file] = process.argv.slice(2);
process.once('SIGINT', () => {
  discardUnfinishedFiles();
  process.exit(130);
});
await WholeFile.open(file!, false);
const work = await TASKS[task!]!();
for (let turns = 0; ; turns++) {
  await work();
  if (turns === 1) process.stderr.write('working\n');
}
