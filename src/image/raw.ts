import { PAGE_SIZE } from '../address.js';
import { PoolTrackerError, type Warning } from '../errors.js';
import type { ByteReader } from '../source/reading/byte-reader.js';
import type { ImageFormat, StreamedRun } from './image.js';
import { RunListBuilder } from './run-list.js';

/** Anything smaller cannot hold a Windows kernel's page tables, let alone its pool. */
const MIN_LENGTH = 64 * 1024;

/** Raw memory: the file offset is the physical address. It has no signature, so it is probed last. */
export const raw: ImageFormat = {
  name: 'raw',
  title: 'raw physical memory (.raw, .mem, .vmem, .bin)',
  hasNoMagic: true,
  probe: () => true,
  open(source) {
    if (source.byteLength < MIN_LENGTH) {
      return Promise.reject(
        new PoolTrackerError(
          'NOT_AN_IMAGE',
          `${source.name} is not a memory image: expected at least ${MIN_LENGTH} bytes of physical memory, found ${source.byteLength}`,
          { hint: 'name a raw image, a crash dump, an ELF core or a LiME file; --image-format forces a format' },
        ),
      );
    }
    const runs = new RunListBuilder('raw');
    runs.add(0, source.byteLength, 0);
    const odd = source.byteLength % PAGE_SIZE;
    const warnings =
      odd === 0
        ? []
        : [
            {
              code: 'image-cut',
              message: `the last page is cut short: ${odd} of ${PAGE_SIZE} bytes; the image may be truncated`,
            },
          ];
    return Promise.resolve({ format: 'raw', source, runs: runs.build(), hints: {}, warnings });
  },
  stream: barePages,
};

/** Bytes from which page alignment is determined. */
const PHASE_SAMPLE = 4 << 20;

/** A stream as consecutive pages of unknown address, from the apparent start of the first page. */
export async function* barePages(input: ByteReader, warn: (warning: Warning) => void): AsyncGenerator<StreamedRun> {
  const phase = pagePhase(await input.peek(PHASE_SAMPLE));
  await input.skip(phase);
  if (phase > 0) {
    warn({
      code: 'stream-phase',
      message: `the pages begin ${phase} bytes behind the start of the stream, by where zeros end`,
    });
  }
  yield { start: null, length: Infinity };
}

/** Zero bytes required before an apparent start of a page. */
const QUIET = 64;
/** Minimum number of apparent page starts for a decision. */
const MIN_BEGINNINGS = 8;
/** How many times more common a phase must be than phase 0. */
const CLEARLY = 3;

/**
 * Number of bytes before the first whole page of a stream, which may be a fragment or have a header: pages often end
 * in zeros, and the next one begins with other bytes.
 * @returns 0 to 4095; 0 when the evidence is not clear
 */
function pagePhase(bytes: Uint8Array): number {
  const { buffer, byteOffset } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  const words = new Uint32Array(buffer, byteOffset, bytes.length >>> 2);
  const beginnings = new Uint32Array(PAGE_SIZE / 4);
  let zeros = 0;
  for (let index = 0; index < words.length; index++) {
    if (words[index] === 0) {
      zeros++;
      continue;
    }
    if (zeros * 4 >= QUIET) beginnings[index % beginnings.length]!++;
    zeros = 0;
  }
  let best = 0;
  for (let phase = 1; phase < beginnings.length; phase++) if (beginnings[phase]! > beginnings[best]!) best = phase;
  const count = beginnings[best]!;
  return best !== 0 && count >= MIN_BEGINNINGS && count >= beginnings[0]! * CLEARLY ? best * 4 : 0;
}
