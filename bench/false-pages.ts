/** Pages taken for a table's in data that holds none: for each TiB, by kind of data. Nothing is stored. */
import { createCipheriv } from 'node:crypto';
import { readdirSync, readFileSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { carveTables } from '../src/pool/carve/carve.js';
import { PageCarver } from '../src/pool/carve/page-carver.js';
import { ScanCrew } from '../src/pool/carve/scan-crew.js';
import { printTable } from './measure.js';

const GIB = 2 ** 30;
const TIB = 2 ** 40;
const BLOCK = 1 << 20;

/** Fills a block of one kind of data; `count` tells blocks apart. */
type Filler = (block: Buffer, count: number) => void;

function random(key: number): (block: Buffer) => void {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, key), Buffer.alloc(16));
  const zeros = Buffer.alloc(BLOCK);
  return (block) => cipher.update(zeros).copy(block);
}

/** Files below a folder; links are not followed. */
function* filesBelow(folder: string): Generator<string> {
  let entries: Dirent[] = [];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}

/** The bytes of real files, one behind another, each time from another start, so that pages are cut elsewhere. */
function files(folders: readonly string[], wanted: RegExp, most: number): Filler {
  const parts: Buffer[] = [readFileSync(process.execPath)];
  let length = parts[0]!.length;
  for (const folder of folders) {
    for (const path of filesBelow(folder)) {
      if (length > most) break;
      if (!wanted.test(path)) continue;
      parts.push(readFileSync(path));
      length += parts.at(-1)!.length;
    }
  }
  const all = Buffer.concat(parts);
  return (block, count) => {
    for (let filled = 0, at = (count * (BLOCK + 52)) % all.length; filled < BLOCK; at = 0)
      filled += all.copy(block, filled, at);
  };
}

function words(fill: (index: number, count: number) => number): Filler {
  return (block, count) => {
    const view = new Uint32Array(block.buffer, block.byteOffset, BLOCK / 4);
    for (let index = 0; index < view.length; index++) view[index] = fill(index, count);
  };
}

/** Another hash table: keys by a multiplicative hash, in 16-byte entries with counters. */
const otherTable: Filler = (block, count) => {
  const view = new Uint32Array(block.buffer, block.byteOffset, BLOCK / 4);
  view.fill(0);
  for (let item = 0; item < 40000; item++) {
    const key = Math.imul(item * 512 + count, 0x9e3779b1) >>> 0;
    const slot = (Math.imul(key, 2654435761) >>> 16) * 4;
    view[slot] = key;
    view[slot + 1] = item;
  }
};

const text = Buffer.from(
  Array.from(
    { length: 4096 },
    (_, index) => `row ${(index * 7919) % 10007};Proc;Thre;2024-09-${(index % 28) + 1};${(index * 31) % 997}\n`,
  ).join(''),
);

const KINDS: Readonly<Record<string, { readonly gib: number; readonly filler: () => Filler }>> = {
  random: { gib: 6, filler: () => random(1) },
  binaries: { gib: 5, filler: () => files(['/usr/bin', '/usr/lib'], /(\.so(\.|$)|\.a$|\.o$|bin\/[^.]+$)/, 700 << 20) },
  text: {
    gib: 3,
    filler: () => files(['/usr/share', '/usr/lib/python3'], /\.(txt|py|pl|pm|html|h|c|js|json|xml|md)$/, 300 << 20),
  },
  compressed: {
    gib: 2,
    filler: () => (block, count) => {
      const packed = deflateRawSync(Buffer.from(`${count} `.repeat(9000) + text.toString('latin1', 0, 60000)));
      for (let at = 0; at < BLOCK; at += packed.length) packed.copy(block, at);
    },
  },
  'rows of a database': {
    gib: 2,
    filler: () => (block, count) => {
      for (let filled = 0, at = (count * 977) % text.length; filled < BLOCK; at = 0)
        filled += text.copy(block, filled, at);
    },
  },
  'repeated strings': {
    gib: 1,
    filler: () => (block, count) => {
      block.fill(`Tag${String.fromCharCode(33 + (count % 90))} string number ${count % 1000}\0`, 'latin1');
    },
  },
  pointers: {
    gib: 2,
    filler: () =>
      words((index, count) =>
        index % 2 === 1 ? 0xffff8000 + (count & 0xff) : (Math.imul(index * 31 + count, 48) >>> 0) & ~0xf,
      ),
  },
  'counters and indexes': {
    gib: 1,
    filler: () => words((index, count) => (index % 3 === 0 ? index * (count % 17) : index % 5)),
  },
  'page tables': {
    gib: 1,
    filler: () =>
      words((index, count) =>
        index % 2 === 1
          ? index % 64 === 1
            ? 0x80000000
            : 0
          : index % 6 === 0
            ? 0
            : ((count * 256 + (index >> 1)) << 12) | 0x867,
      ),
  },
  'other hash tables': { gib: 1, filler: () => otherTable },
};

export async function run(): Promise<void> {
  const rows = [['data', 'GiB', 'looked at', 'kept, weak evidence too', 'false pages', 'per TiB', 'false tables']];
  const sum = { gib: 0, looked: 0, kept: 0, sure: 0, tables: 0 };
  for (const [kind, { gib, filler }] of Object.entries(KINDS)) {
    const fill = filler();
    const crew = new ScanCrew(1);
    const carver = new PageCarver();
    for (let count = 0; count < (gib * GIB) / BLOCK; count++) {
      const buffer = await crew.pool.acquire();
      fill(Buffer.from(buffer.buffer, buffer.byteOffset, BLOCK), count);
      await crew.take({ physicalAddress: null, bytes: buffer }, carver);
    }
    await crew.finish();
    await crew.close();
    const { collection, counts } = carver;
    const tables = carveTables(carver) === null ? 0 : 1;
    rows.push([
      kind,
      String(gib),
      String(counts.looked),
      String(collection.pages.length),
      String(collection.sure),
      ((collection.sure * TIB) / (gib * GIB)).toFixed(0),
      String(tables),
    ]);
    sum.gib += gib;
    sum.looked += counts.looked;
    sum.kept += collection.pages.length;
    sum.sure += collection.sure;
    sum.tables += tables;
  }
  rows.push([
    'all',
    String(sum.gib),
    String(sum.looked),
    String(sum.kept),
    String(sum.sure),
    ((sum.sure * TIB) / (sum.gib * GIB)).toFixed(0),
    String(sum.tables),
  ]);
  printTable("False pages: different pages with the evidence of a table's, in data that holds none", rows);
}

if (process.argv[1]?.endsWith('false-pages.ts') === true) await run();
