import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { pageScannerModule } from '../../../scripts/build-wasm.js';
import {
  CHANNEL_SIGNS,
  EXPANSION_SIGN,
  NOT_ZERO_SIGN,
  OVERFLOW_SIGN,
  RSDS_SIGN,
  SHARED_DATA_SIGN,
  BUILD_LAB_SIGN,
} from '../../../src/pool/carve/scan/page-signs.js';
import { PlainScanner } from '../../../src/pool/carve/scan/plain-scanner.js';
import {
  BUFFERS_AT,
  compilePageScanner,
  scannerMemory,
  WasmScanner,
} from '../../../src/pool/carve/scan/wasm-scanner.js';
import { Random } from '../../support/generate/random.js';
import { makeTables, otherPage, pagesOf } from '../../support/expect/carve-pages.js';
import { assertProperty } from '../../support/lanes/property.js';

const memory = scannerMemory();
const wasm = new WasmScanner(compilePageScanner()!, memory);
const plain = new PlainScanner();

/** Signs of pages by both scanners, which must agree. */
function signsOf(pages: readonly Buffer[]): number[] {
  const bytes = new Uint8Array(memory.buffer, BUFFERS_AT, pages.length * 4096);
  pages.forEach((page, index) => bytes.set(page, index * 4096));
  const [one, other] = [new Uint16Array(pages.length), new Uint16Array(pages.length)];
  wasm.scan(bytes, one);
  plain.scan(bytes, other);
  assert.deepEqual([...one], [...other]);
  return [...one];
}

function pageWith(write: (page: Buffer) => void): Buffer {
  const page = Buffer.alloc(4096);
  write(page);
  return page;
}

describe('the first look at pages', () => {
  it('is assembled from its source', async () => {
    const generated = readFileSync(
      new URL('../../../src/pool/carve/scan/page-scanner-module.ts', import.meta.url),
      'utf8',
    );
    assert.equal(generated, await pageScannerModule());
  });

  it('says the same in WebAssembly and in JavaScript', () => {
    assertProperty(
      fc.property(
        fc.nat(),
        fc.constantFrom(28, 40, 48, 56, 64, 80),
        fc.integer({ min: 0, max: 1000 }),
        (seed, entrySize, damage) => {
          const random = new Random(seed);
          const tables = makeTables({ seed, entrySize: entrySize as 28, slots: 512, processors: 2, tagCount: 200 });
          const pages = [...pagesOf(tables).slice(0, 8), ...Array.from({ length: 8 }, () => otherPage(random))].map(
            (page) => Buffer.from(page),
          );
          for (let count = 0; count < damage; count++)
            random.pick(pages).writeUInt32LE(random.oneIn(2) ? 0 : random.u32(), random.below(1024) * 4);
          signsOf(pages);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('has a sign for every page of a table that holds keys', () => {
    for (const entrySize of [28, 40, 48, 56, 64, 80] as const) {
      const pages = pagesOf(makeTables({ seed: 5, entrySize, slots: 1024, processors: 1, tagCount: 500 })).filter(
        (page) => page.some((byte) => byte !== 0),
      );
      assert.ok(signsOf(pages).every((signs) => (signs & CHANNEL_SIGNS) !== 0));
    }
  });

  it('has none for zeros, noise and text', () => {
    const random = new Random(1);
    assert.deepEqual(signsOf([Buffer.alloc(4096)]), [0]);
    const text = pageWith((page) => page.fill('the quick brown fox jumps over the lazy dog, ', 'latin1'));
    assert.deepEqual(signsOf([random.bytes(4096), text]), [NOT_ZERO_SIGN, NOT_ZERO_SIGN]);
  });

  it('sees what names a kernel, and what is not hashed', () => {
    const found = (write: (page: Buffer) => void): number => signsOf([pageWith(write)])[0]!;
    assert.ok(found((page) => page.write('RSDS', 0xffc)) & RSDS_SIGN);
    assert.ok(found((page) => page.write('C:\\Windows', 0x30, 'utf16le')) & SHARED_DATA_SIGN);
    assert.ok(found((page) => page.write('19041.1.amd64fre.vb_release.191206-1406', 0xa0)) & BUILD_LAB_SIGN);
    assert.ok(!(found((page) => page.write('19041.1.amd64fre', 0xa4)) & BUILD_LAB_SIGN));
    assert.ok(found((page) => page.write('Ovfl')) & OVERFLOW_SIGN);
    assert.ok(found((page) => [0, 80, 160].forEach((at) => page.write('Abcd', at))) & EXPANSION_SIGN);
  });
});
