import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Warning } from '../../../src/errors.js';
import { readBytes } from '../../../src/source/source.js';
import { detectWrapper, unwrap } from '../../../src/source/wrapper/wrappers.js';
import { hasProgram, run } from '../../support/run/programs.js';
import { BufferSource } from '../../support/sources/buffer-source.js';
import { canWrap, WRAP_CASES, type WrapCase } from '../../support/sources/wrap.js';

/** Bytes of which a flipped one can be anywhere: text, zeros, noise. */
const CONTENT = Buffer.concat([
  Buffer.from('pool tags '.repeat(9000)),
  Buffer.alloc(30_000),
  Buffer.from(Uint8Array.from({ length: 60_000 }, (_, index) => (index * index * 31) >> 5)),
]);

async function unwrapped(bytes: Buffer): Promise<{ content: Buffer; warnings: Warning[] }> {
  const warnings: Warning[] = [];
  const pieces: Uint8Array[] = [];
  const source = new BufferSource(bytes, 'wrapped');
  for await (const piece of unwrap(detectWrapper(bytes.subarray(0, 512))!, source, 'wrapped', (one) =>
    warnings.push(one),
  ))
    pieces.push(piece);
  return { content: Buffer.concat(pieces), warnings };
}

const wrapped = new Map<WrapCase, Buffer>();

/** The content, wrapped once for all tests: a program starts for it. */
function contentIn(one: WrapCase): Buffer {
  const bytes = wrapped.get(one) ?? one.wrap(CONTENT);
  wrapped.set(one, bytes);
  return bytes;
}

const damaged = { code: 'FORMAT_DAMAGED', message: /^wrapped is a damaged [^\n]+$/ };

/** Of each wrapper the first of the cases with a check over the contents. */
const CHECKED: readonly WrapCase[] = [
  ...['gzip', 'zstd', 'xz', 'bzip2', 'lz4', 'lzop', 'zip'].map((wrapper) =>
    WRAP_CASES.find((one) => one.wrapper === wrapper)!,
  ),
  ...WRAP_CASES.filter(({ title }) =>
    [
      'xz with SHA-256',
      'xz with the filter x86',
      'xz with the filters arm64 and delta',
      'zip, Deflate64 of 7-Zip',
      'zip, LZMA of 7-Zip',
    ].includes(title),
  ),
];

describe('the end of a wrapper', () => {
  for (const one of CHECKED) {
    describe(one.title, () => {
      before(function () {
        if (!canWrap(one)) this.skip();
      });

      if (one.wrapper !== 'zip') {
        for (const [what, tail] of [
          ['zeros', Buffer.alloc(1000)],
          ['an odd number of zeros', Buffer.alloc(4097)],
          ['a megabyte of zeros', Buffer.alloc(1 << 20)],
          ['other bytes', Buffer.from('junk behind the end '.repeat(20))],
          ['a single byte', Buffer.of(7)],
        ] as const) {
          it(`leaves out ${what} behind it, and says so`, async () => {
            const { content, warnings } = await unwrapped(Buffer.concat([contentIn(one), tail]));
            assert.ok(content.equals(CONTENT));
            // Zeros in fours are padding that xz allows for; its decoder takes them.
            if (one.wrapper === 'xz' && tail.length % 4 === 0 && tail[0] === 0) return;
            assert.deepEqual(
              warnings.map(({ code }) => code),
              ['trailing-bytes'],
            );
          });
        }

        it('takes much that follows for a damaged stream', async () => {
          const tail = Buffer.alloc(200_000, 'much more than any trailer ');
          await assert.rejects(unwrapped(Buffer.concat([contentIn(one), tail])), damaged);
        });

        it('takes a second stream whose beginning is damaged for what it is', async () => {
          const second = contentIn(one);
          const broken = Buffer.concat([second, second]);
          broken[second.length]! ^= 0x40;
          await assert.rejects(unwrapped(broken), damaged);
        });
      }

      it('is verified: no flipped bit goes unnoticed', async () => {
        const bytes = contentIn(one);
        const step = Math.max(1, Math.floor(bytes.length / 60));
        for (let at = 0; at < bytes.length; at += step) {
          const flipped = Buffer.from(bytes);
          flipped[at]! ^= 1 << (at % 8);
          if (detectWrapper(flipped.subarray(0, 512))?.name !== one.wrapper) continue;
          const result = await unwrapped(flipped).catch((error: unknown) => error);
          // A name or a time in a header may change; the contents may not.
          if (result instanceof Error) assert.match((result as Error & { code: string }).code, /^FORMAT_/);
          else assert.ok((result as { content: Buffer }).content.equals(CONTENT), `bit ${at % 8} of byte ${at}`);
        }
      });
    });
  }

  describe('xz with what other programs seldom write', () => {
    before(function () {
      if (!hasProgram('xz', '--version')) this.skip();
    });

    for (const filter of ['x86', 'x86=start=4096', 'powerpc', 'arm', 'armthumb', 'arm64', 'sparc', 'delta=dist=256'])
      it(`is read: the filter ${filter}`, async function () {
        // Machine code of this machine; branches of others are in it by chance.
        const code = readFileSync(process.execPath).subarray(0, 3 << 20);
        const args = ['-c', `--${filter}`, '--lzma2=preset=0'];
        if (!hasProgram('xz', ...args)) return this.skip();
        assert.ok((await unwrapped(run('xz', args, code))).content.equals(code));
      });

    it('is refused by name where a second stream needs another decoder, and read where an index tells of it', async () => {
      const both = Buffer.concat([run('xz', ['-c'], CONTENT), run('xz', ['-c', '--check=sha256'], CONTENT)]);
      await assert.rejects(unwrapped(both), {
        code: 'FORMAT_REFUSED',
        message: /^wrapped \(xz file\) cannot be used/,
      });
      const view = await detectWrapper(both.subarray(0, 512))!.openIndexed!(new BufferSource(both, 'wrapped'));
      assert.ok((await readBytes(view!, 0, 2 * CONTENT.length)).equals(Buffer.concat([CONTENT, CONTENT])));
    });

    for (const [options, message] of [
      [['--ia64', '--lzma2'], /it uses the filter ia64, which is not read$/],
      [
        ['--lzma2=preset=0,dict=192MiB'],
        /it takes a dictionary of 201326592 bytes to decompress; expected at most 134217728$/,
      ],
    ] as const)
      it(`is refused by name: xz ${options.join(' ')}`, async () => {
        await assert.rejects(unwrapped(run('xz', ['-c', ...options], CONTENT)), { code: 'FORMAT_REFUSED', message });
      });
  });
});
