import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { joinListed } from '../../src/source/listed-parts.js';
import { openBytes } from '../../src/source/open-source.js';
import { readBytes, type Source } from '../../src/source/source.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { RangeServer } from '../support/sources/range-server.js';

const BYTES = Buffer.from(Uint8Array.from({ length: 10_000 }, (_, at) => (at * 7 + (at >> 8) * 31) & 0xff));

describe('parts of an image that are listed', () => {
  const folder = temporaryFolder();
  let made = 0;

  /** Writes files. @returns the folder */
  function write(files: Readonly<Record<string, Buffer>>): string {
    const path = folder.path(`listed-${made++}`);
    mkdirSync(path);
    for (const [name, bytes] of Object.entries(files)) writeFileSync(`${path}/${name}`, bytes);
    return path;
  }

  async function read([first, ...parts]: readonly string[]): Promise<{ bytes: Buffer; warnings: string[] }> {
    const source = (await openBytes(first!, () => Promise.resolve(false), undefined, { parts })) as Source;
    try {
      return {
        bytes: await readBytes(source, 0, source.byteLength),
        warnings: (source.warnings ?? []).map(({ code, message }) => `${code}: ${message}`),
      };
    } finally {
      await source.close();
    }
  }

  it('are read as one in that order, whatever they are called and however long they are', async () => {
    const path = write({
      zulu: BYTES.subarray(0, 5000),
      alpha: BYTES.subarray(5000, 5001),
      'm.bin': BYTES.subarray(5001),
    });
    const { bytes, warnings } = await read([`${path}/zulu`, `${path}/alpha`, `${path}/m.bin`]);
    assert.ok(bytes.equals(BYTES));
    assert.deepEqual(warnings, [
      `image-part: ${path}/alpha is not as large as the parts before it: one of them may be cut short`,
      `image-joined: 3 parts are read as one file, up to ${path}/m.bin`,
    ]);
    // Nothing beside a part is looked for: its number is not asked.
    const alone = write({ 'a.001': BYTES.subarray(0, 4096), 'a.002': BYTES.subarray(4096) });
    assert.ok((await read([`${alone}/a.001`])).bytes.equals(BYTES.subarray(0, 4096)));
  });

  it('may lie on a server', async () => {
    const server = await new RangeServer({
      one: new BufferSource(BYTES.subarray(0, 4000)),
      two: new BufferSource(BYTES.subarray(4000)),
    }).start();
    try {
      assert.ok((await read([server.url('one'), server.url('two')])).bytes.equals(BYTES));
    } finally {
      await server.stop();
    }
  });

  it('are each read once to tell copies', async () => {
    const sources = Array.from(
      { length: 40 },
      (_, number) => new BufferSource(Buffer.from(BYTES.subarray(number, number + 4096)), `part ${number}`),
    );
    const [first, ...others] = sources.map(({ name }) => name);
    const open = (name: string): Promise<Source> => Promise.resolve(sources.find((one) => one.name === name)!);
    await joinListed([first!, ...others], open);
    assert.deepEqual(
      sources.map(({ reads }) => reads),
      sources.map(() => 1),
    );
  });

  it('are refused where one is missing, given twice, out of order, or empty', async () => {
    const files: Record<string, Buffer> = { nothing: Buffer.alloc(0), copy: BYTES.subarray(0, 1000) };
    for (let part = 1; part <= 10; part++) files[`m.part${part}`] = BYTES.subarray((part - 1) * 1000, part * 1000);
    const path = write(files);
    symlinkSync(`${path}/m.part2`, `${path}/again`);
    for (const [names, code, message] of [
      [['m.part1', 'm.part2', 'm.part4'], 'USAGE', /m\.part4 is given as behind .*m\.part2: expected part 3 there/],
      [['m.part2', 'm.part3'], 'USAGE', /m\.part2 is given as the first of the parts: expected part 1 there/],
      [['m.part1', 'm.part10', 'm.part2'], 'USAGE', /m\.part10 is given as behind .*: expected part 2 there/],
      [['m.part1', 'm.part1'], 'USAGE', /m\.part1 is given twice among the parts/],
      [['m.part2', 'again'], 'USAGE', /again is given twice among the parts/],
      [['m.part1', 'copy'], 'USAGE', /copy is a copy of .*m\.part1/],
      [['m.part1', 'nothing'], 'FORMAT_DAMAGED', /nothing is empty/],
      [['m.part1', 'none'], 'SOURCE_NOT_FOUND', /none: no such file/],
    ] as const) {
      await assert.rejects(read(names.map((name) => `${path}/${name}`)), { code, message });
    }
  });
});
