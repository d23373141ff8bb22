import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { listImages } from '../../src/dataset/images/images.js';
import { openBytes } from '../../src/source/open-source.js';
import { JoinedSource } from '../../src/source/reading/joined-source.js';
import { readBytes, type Source } from '../../src/source/source.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { assertAsyncProperty } from '../support/lanes/property.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

const BYTES = Buffer.from(Uint8Array.from({ length: 10_000 }, (_, at) => (at * 7 + (at >> 8) * 31) & 0xff));
const PARTS = [BYTES.subarray(0, 4096), BYTES.subarray(4096, 8192), BYTES.subarray(8192)];

describe('the parts of a split file', () => {
  const folder = temporaryFolder();
  let made = 0;

  /** Writes parts under their names. @returns the folder */
  function write(files: Readonly<Record<string, Buffer>>): string {
    const path = folder.path(`split-${made++}`);
    mkdirSync(path);
    for (const [name, bytes] of Object.entries(files)) writeFileSync(`${path}/${name}`, bytes);
    return path;
  }

  async function read(path: string): Promise<{ bytes: Buffer; warnings: string[] }> {
    const source = (await openBytes(path, () => Promise.resolve(false))) as Source;
    try {
      return {
        bytes: await readBytes(source, 0, source.byteLength),
        warnings: (source.warnings ?? []).map(({ code, message }) => `${code}: ${message}`),
      };
    } finally {
      await source.close();
    }
  }

  for (const names of [
    ['memory.raw.001', 'memory.raw.002', 'memory.raw.003'],
    ['memory.001', 'memory.002', 'memory.003'],
    ['memory.000', 'memory.001', 'memory.002'],
    ['memory.raw.0', 'memory.raw.1', 'memory.raw.2'],
    ['memory.part1', 'memory.part2', 'memory.part3'],
    ['memory.vmem.part01', 'memory.vmem.part02', 'memory.vmem.part03'],
  ]) {
    it(`are read as one, the first given: ${names[0]}`, async () => {
      const path = write(Object.fromEntries(names.map((name, index) => [name, PARTS[index]!])));
      const { bytes, warnings } = await read(`${path}/${names[0]}`);
      assert.ok(bytes.equals(BYTES));
      assert.deepEqual(warnings, [`image-joined: 3 parts are read as one file, up to ${names[2]}`]);
      const later = await read(`${path}/${names[1]}`);
      assert.ok(later.bytes.equals(PARTS[1]!));
      assert.match(later.warnings[0]!, new RegExp(`${names[0]} is beside it: name the first part`));
      // In a folder they are one image.
      const listed = await listImages([path], { input: Readable.from([]) });
      assert.deepEqual(
        listed.map(({ location }) => location),
        [`${path}/${names[0]}`],
      );
    });
  }

  it('say what is missing and what is odd', async () => {
    const gap = write({ 'a.001': PARTS[0]!, 'a.003': PARTS[2]! });
    assert.match((await read(`${gap}/a.001`)).warnings.join(), /a\.002 is missing among the parts/);
    assert.match(
      (await read(`${gap}/a.003`)).warnings.join(),
      /part 3 of a split file, and the part before is not beside it/,
    );
    const odd = write({ 'a.001': PARTS[2]!, 'a.002': PARTS[0]! });
    assert.match((await read(`${odd}/a.001`)).warnings.join(), /a\.002 is not as large as the parts before it/);
  });

  it('are told from images that are numbered, by how these begin', async () => {
    const path = write({ 'dump.001': PARTS[0]!, 'dump.002': PARTS[0]!, 'dump.003': PARTS[0]! });
    const { bytes, warnings } = await read(`${path}/dump.001`);
    assert.ok(bytes.equals(PARTS[0]!));
    assert.match(warnings.join(), /dump\.002 begins as dump\.001 does: it is taken for another image/);
    const listed = await listImages([path], { input: Readable.from([]) });
    assert.deepEqual(
      listed.map(({ location }) => location.slice(path.length + 1)),
      ['dump.001', 'dump.002', 'dump.003'],
    );
  });

  it('are told from what only looks alike', async () => {
    for (const name of ['memory.raw', 'notes.1', 'win10-17763.raw', 'v1.2', 'a.12345', 'image.E01']) {
      const path = write({ [name]: PARTS[0]!, 'notes.2': PARTS[1]!, 'v1.3': PARTS[1]! });
      assert.deepEqual((await read(`${path}/${name}`)).warnings, []);
    }
  });

  it('are joined exactly at every offset', async () => {
    await assertAsyncProperty(
      fc.asyncProperty(
        fc.array(fc.nat(50), { minLength: 1, maxLength: 6 }),
        fc.nat(320),
        fc.nat(320),
        async (sizes, offset, length) => {
          let at = 0;
          const parts = sizes.map((size) => new BufferSource(BYTES.subarray(at, (at += size))));
          const joined = new JoinedSource(parts as unknown as [Source]);
          const all = BYTES.subarray(0, at);
          assert.equal(joined.byteLength, at);
          assert.ok(
            (await readBytes(joined, Math.min(offset, at), length)).equals(all.subarray(offset, offset + length)),
          );
        },
      ),
    );
  });
});
