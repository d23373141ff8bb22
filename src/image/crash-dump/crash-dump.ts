import { PAGE_SIZE } from '../../address.js';
import { Container } from '../../source/reading/container.js';
import type { Source } from '../../source/source.js';
import { ClippedRuns, type FinishedRuns } from '../clipped-runs.js';
import type { ImageFormat } from '../image.js';
import { barePages } from '../raw.js';
import { CrashDumpHeader, type CrashDumpLayout, HEADER_32, HEADER_64 } from './header.js';
import { readBitmapRuns, readRdmpRuns } from './page-lists.js';

const HINT = 'take a complete, kernel, automatic or live dump, or .dump /f, /ka or /k of a kernel debugger';

/** Kinds that hold no map of physical memory, by DumpType. */
const REFUSED: Readonly<Record<number, string>> = {
  2: 'DumpType 2 is a kernel summary of before Windows 8, whose page list is not known here',
  3: 'DumpType 3 is a header alone and holds no memory',
  4: 'DumpType 4 is a triage (small) dump: it holds a few stacks and no map of physical memory, so no pool tables',
};

/** Consecutive runs from the end of the header: DumpType 1. */
function readFullRuns(container: Container, header: CrashDumpHeader): FinishedRuns {
  const runs = new ClippedRuns(container);
  const memory = header.memoryRuns();
  if (memory.odd !== null) runs.warn('image-header-odd', memory.odd);
  let offset = header.layout.size;
  for (const { basePage, pageCount } of memory.runs) {
    runs.add(basePage * PAGE_SIZE, pageCount * PAGE_SIZE, offset);
    offset += pageCount * PAGE_SIZE;
  }
  return runs.finish();
}

function readRuns(container: Container, header: CrashDumpHeader): FinishedRuns | Promise<FinishedRuns> {
  const type = header.dumpType;
  const why = REFUSED[type];
  if (why !== undefined) throw container.refused(why, HINT);
  switch (type) {
    case 1:
      return readFullRuns(container, header);
    case 5:
    case 6:
    case 7:
      return readBitmapRuns(container, header.layout.size);
    case 8:
    case 9:
    case 10:
      return readRdmpRuns(container, header.layout.size, type);
    default:
      throw container.damaged(`the header's DumpType is ${type}; expected 1 to 10`);
  }
}

/** The crash dump format of one width: the header gives the kind of dump, and each kind lists its pages differently. */
export function crashDump(name: string, title: string, layout: CrashDumpLayout): ImageFormat {
  return {
    name,
    title,
    probe: (head) => head.toString('latin1', 0, layout.magic.length) === layout.magic,
    async open(source: Source) {
      const container = new Container(source, layout.title);
      const header = await CrashDumpHeader.read(container, layout);
      if (header.encrypted) {
        throw container.refused('its pages are encrypted', 'decrypt it with the key that the machine was set up with');
      }
      const { runs, warnings } = await readRuns(container, header);
      return { format: name, source, runs, hints: header.hints(), warnings };
    },
    // Its pages are whole and page-aligned in the file.
    stream: barePages,
  };
}

/** The format of 32-bit Windows: header, memory block and pointers are half as wide. */
export const crashDump32 = crashDump('crash-dump-32', 'Windows crash dump, 32-bit (.dmp)', HEADER_32);

/** Written by Windows and kernel debuggers on x64 and ARM64: complete, kernel, automatic and live dumps, `.dump`. */
export const crashDump64 = crashDump('crash-dump-64', 'Windows crash dump, 64-bit (.dmp)', HEADER_64);
