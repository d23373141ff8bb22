import assert from 'node:assert/strict';
import { assertAsyncProperty } from '../../support/lanes/property.js';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { detectWrapper, unwrap } from '../../../src/source/wrapper/wrappers.js';
import { readBytes, type Source } from '../../../src/source/source.js';
import { BufferSource } from '../../support/sources/buffer-source.js';
import { run } from '../../support/run/programs.js';
import { sampleMemory } from '../../support/images/sample-memory.js';
import { canWrap, WRAP_CASES, zipOf, type WrapCase } from '../../support/sources/wrap.js';
import { rawBuffer } from '../../support/write/raw.js';

async function unwrapped(
  bytes: Uint8Array,
  origin: Source | AsyncIterable<Uint8Array> = new BufferSource(bytes),
): Promise<Buffer> {
  const out: Uint8Array[] = [];
  for await (const piece of unwrap(detectWrapper(bytes)!, origin, 'wrapped')) out.push(piece);
  return Buffer.concat(out);
}

/** Bytes that do not compress, the same every time. */
function noise(length: number): Buffer {
  let state = 1;
  return Buffer.from(
    Uint8Array.from({ length }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24),
  );
}

/** Bytes in pieces of the sizes given, over and over. */
async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** The event loop goes round so many times. */
async function turnsOfTheLoop(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
}

/** A source whose reads are under way for a while. */
class LateSource extends BufferSource {
  constructor(
    bytes: Uint8Array,
    private readonly turns: number,
  ) {
    super(bytes, 'wrapped');
  }

  override async read(target: Uint8Array, offset: number): Promise<number> {
    await turnsOfTheLoop(this.turns);
    return super.read(target, offset);
  }
}

async function* late(pieces: AsyncIterable<Uint8Array>, turns: number): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    await turnsOfTheLoop(turns);
    yield piece;
  }
}

describe('compression wrappers', () => {
  const memory = rawBuffer(sampleMemory());
  /** Zeros, pages with something in them, noise, and an end that is no multiple of anything. */
  const part = Buffer.concat([
    Buffer.alloc(0x100000),
    ...sampleMemory()
      .memory.writtenFrames()
      .map((frame) => memory.subarray(frame * 4096, frame * 4096 + 4096)),
    noise(500_000),
    Buffer.alloc(0x50000, 0xff),
    noise(50_000),
    Buffer.alloc(77_777),
  ]);
  const wrapped = new Map<WrapCase, Buffer>();
  const wrap = (one: WrapCase): Buffer => {
    if (!wrapped.has(one)) wrapped.set(one, one.wrap(part));
    return wrapped.get(one)!;
  };

  for (const one of WRAP_CASES) {
    describe(one.title, () => {
      before(function () {
        if (!canWrap(one)) this.skip();
      });

      it('is told by its magic and unwrapped, however the pieces are cut', async () => {
        const bytes = wrap(one);
        assert.equal(detectWrapper(bytes.subarray(0, 512))?.name, one.wrapper);
        assert.ok((await unwrapped(bytes)).equals(part));
        for (const sizes of [[65536], [4096, 1, 7], [bytes.length - 1, 1]]) {
          assert.ok((await unwrapped(bytes, cut(bytes, sizes))).equals(part), `in pieces of ${sizes.join(', ')}`);
        }
        assert.ok((await unwrapped(bytes, new LateSource(bytes, 2))).equals(part), 'from a source that answers late');
      });

      it('fails in one line when it is cut short anywhere', async () => {
        const bytes = wrap(one);
        const lengths = [8, 13, 29, 40, Math.floor(bytes.length / 3), Math.floor(bytes.length / 2), bytes.length - 1];
        for (const length of lengths.filter((one) => detectWrapper(bytes.subarray(0, one)) !== null)) {
          // Two streams one behind another are whole after the first of them, and the zip directory is not needed.
          const result = await unwrapped(bytes.subarray(0, length)).then(
            (got) => got.length,
            (error: unknown) => error,
          );
          if (typeof result === 'number') {
            assert.ok(
              length === bytes.length - 1 && ['zip', 'zstd'].includes(one.wrapper),
              `cut to ${length}: no error`,
            );
            continue;
          }
          assert.ok(result instanceof Error);
          assert.equal(
            (result as Error & { code?: string }).code,
            'FORMAT_DAMAGED',
            `cut to ${length}: ${result.message}`,
          );
          assert.match(result.message, /^wrapped is a damaged .*\S$/);
          assert.ok(!/\n|NaN|undefined/.test(result.message), result.message);
        }
      });

      it('lets go of its input when nobody reads on', async () => {
        const input = Readable.from(cut(wrap(one), [4096]));
        for await (const piece of unwrap(detectWrapper(wrap(one))!, input, 'wrapped')) {
          assert.ok(piece.length > 0);
          break;
        }
        assert.ok(input.destroyed);
      });

      it(one.indexed ? 'is read anywhere by its index' : 'has no index', async () => {
        const source = new BufferSource(wrap(one), 'wrapped');
        const view = (await detectWrapper(wrap(one))!.openIndexed?.(source)) ?? null;
        if (!one.indexed) {
          assert.equal(view, null);
          return;
        }
        assert.equal(view!.byteLength, part.length);
        await assertAsyncProperty(
          fc.asyncProperty(fc.nat(part.length), fc.integer({ min: 0, max: 2_000_000 }), async (offset, length) => {
            assert.ok((await readBytes(view!, offset, length)).equals(part.subarray(offset, offset + length)));
          }),
          { numRuns: 12 },
        );
      });

      it('tells its unwrapped size truly, where it tells it', async () => {
        const size = (await detectWrapper(wrap(one))!.unwrappedSize?.(new BufferSource(wrap(one)))) ?? null;
        assert.ok(
          size === null ||
            size === part.length ||
            (one.title.includes('two') && size === part.length / 2) ||
            one.title.includes('seekable'),
          String(size),
        );
      });
    });
  }

  it('takes what is in no wrapper for none', () => {
    for (const head of ['', 'P', 'PAGEDU64', 'EMiL\u0001\0\0\0', 'BZhat an odd beginning', 'PK\u0005\u0006']) {
      assert.equal(detectWrapper(Buffer.from(head, 'latin1')), null, head);
    }
  });

  it('refuses a zip file of several members, before reading it when it is at hand', async function () {
    if (!canWrap(WRAP_CASES.find(({ wrapper }) => wrapper === 'zip')!)) this.skip();
    const zip = zipOf({ 'one.raw': part.subarray(0, 70_000), 'two.raw': part.subarray(0, 70_000) });
    const refusal = {
      code: 'FORMAT_REFUSED',
      message:
        /^wrapped is a zip file .*cannot be used: it holds 2 files that can be images: "one.raw", "two.raw"$|^wrapped \(zip file\) cannot be used: it holds 2 files that can be images: "one.raw", "two.raw"$/,
    };
    await assert.rejects(unwrapped(zip), refusal);
    await assert.rejects(detectWrapper(zip)!.openIndexed!(new BufferSource(zip, 'wrapped')), refusal);
  });

  it('never uses the name of a member, whatever it says', async function () {
    if (!canWrap(WRAP_CASES.find(({ wrapper }) => wrapper === 'zip')!)) this.skip();
    const zip = zipOf({ aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: part.subarray(0, 5000) }, ['-0', '-X']);
    for (const name of ['../../../../../../etc/passwd\0\0', '/dev/sda\n\u001b[31mC:\\Windows\\..', 'x'.repeat(30)]) {
      const tricked = Buffer.from(zip);
      tricked.write(name.padEnd(30, '.'), 30, 30, 'latin1');
      assert.ok((await unwrapped(tricked)).equals(part.subarray(0, 5000)));
      tricked.writeUInt16LE(98, 8);
      await assert.rejects(unwrapped(tricked), (error: Error) => {
        assert.match(error.message, /is compressed by PPMd$/);
        assert.ok(!/[\u0000-\u001f]/.test(error.message));
        return true;
      });
    }
  });

  for (const turns of [0, 1, 3, 40]) {
    it(`reads gzip in many members, as bgzip writes it, from a source that answers after ${turns} turns`, async () => {
      const members: Buffer[] = [];
      for (let at = 0; at < part.length; at += 0xff00) members.push(gzipSync(part.subarray(at, at + 0xff00)));
      const bytes = Buffer.concat(members);
      assert.ok((await unwrapped(bytes, new LateSource(bytes, turns))).equals(part), 'by reads of a file');
      assert.ok((await unwrapped(bytes, late(cut(bytes, [70_000, 3]), turns))).equals(part), 'in pieces');
    });

    it(`tells of bytes that cannot be read behind a member, after ${turns} turns`, async () => {
      const member = gzipSync(part.subarray(0, 0xff00));
      async function* broken(given: number): AsyncGenerator<Uint8Array> {
        yield* late(cut(member.subarray(0, given), [20_000]), turns);
        await turnsOfTheLoop(turns);
        throw new Error('the line is dead');
      }
      for (const missing of [0, 1, 8, 9])
        await assert.rejects(
          unwrapped(member, broken(member.length - missing)),
          /the line is dead/,
          `${missing} missing`,
        );
    });
  }

  it('unwraps what the program itself unwraps, for random bytes', async function () {
    const bzip2 = WRAP_CASES.find(({ wrapper }) => wrapper === 'bzip2')!;
    if (!canWrap(bzip2)) this.skip();
    const bytes = fc
      .array(fc.tuple(fc.uint8Array({ maxLength: 12 }), fc.nat(2000)), { maxLength: 40 })
      .map((runs) => Buffer.concat(runs.flatMap(([some, count]) => [some, Buffer.alloc(count, some[0] ?? 0)])));
    await assertAsyncProperty(
      fc.asyncProperty(bytes, async (one) => {
        assert.ok((await unwrapped(run('bzip2', ['-c', '-1'], one))).equals(one));
      }),
      { numRuns: 25 },
    );
  });
});
