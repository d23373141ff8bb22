/**
 * An image format: memory in chunks of one size, each with its physical address, as a tool might write that leaves out
 * what is zero.
 *
 *     0   "SPCHUNK1"
 *     8   bytes of a chunk, 32 bits, a multiple of 4,096
 *     12  number of chunks, 32 bits
 *     16  physical address of each chunk, 64 bits each
 *     ..  the chunks in the same order
 *
 * pool-tracker scan memory.spc --plugin samples/plugins/sparse-chunks.mjs
 */
const MAGIC = 'SPCHUNK1';
const HEADER = 16;
const PAGE = 4096;
const MAX_CHUNKS = 1 << 20;

/** An error of the input, not of the plug-in: its code is one of ours, and it keeps it. */
function damaged(name, why) {
  return Object.assign(new Error(`${name} is a damaged sparse chunk file: ${why}`), { code: 'FORMAT_DAMAGED' });
}

function headerOf(name, bytes) {
  if (bytes.length < HEADER) throw damaged(name, `expected a header of ${HEADER} bytes, found ${bytes.length}`);
  const chunk = bytes.readUInt32LE(8);
  const count = bytes.readUInt32LE(12);
  if (chunk === 0 || chunk % PAGE !== 0) throw damaged(name, `expected chunks of whole pages, found ${chunk} bytes`);
  if (count > MAX_CHUNKS) throw damaged(name, `expected at most ${MAX_CHUNKS} chunks, found ${count}`);
  return { chunk, count };
}

function addressesOf(name, bytes, count) {
  return Array.from({ length: count }, (_, index) => {
    const address = bytes.readBigUInt64LE(index * 8);
    if (address >= 2n ** 52n) throw damaged(name, `expected an address below 2^52, found 0x${address.toString(16)}`);
    return Number(address);
  });
}

async function readExactly(source, offset, length, what) {
  const bytes = Buffer.alloc(length);
  const filled = await source.read(bytes, offset);
  if (filled < length) throw damaged(source.name, `it ends in the middle of ${what}`);
  return bytes;
}

const sparseChunks = {
  name: 'sparse-chunks',
  title: 'sparse chunks (.spc)',
  probe: (head) => head.subarray(0, MAGIC.length).toString('latin1') === MAGIC,
  async open(source) {
    const { chunk, count } = headerOf(source.name, await readExactly(source, 0, HEADER, 'the header'));
    const table = await readExactly(source, HEADER, count * 8, 'the addresses');
    const data = HEADER + table.length;
    // Whatever lies behind the end of a file that was cut is left out, with a warning: that is done for every format.
    const runs = addressesOf(source.name, table, count).map((start, index) => ({
      start,
      length: chunk,
      offset: data + index * chunk,
    }));
    return { format: 'sparse-chunks', source, runs, hints: {}, warnings: [] };
  },
  // So that it can be read from a pipe, too: the bytes of each run follow in the input.
  async *stream(input) {
    const { chunk, count } = headerOf(input.name, await input.take(HEADER, 'the header'));
    const addresses = addressesOf(input.name, await input.take(count * 8, 'the addresses'), count);
    for (const start of addresses) yield { start, length: chunk };
  },
};

export default { apiVersion: 1, name: 'sparse-chunks', imageFormats: [sparseChunks] };
