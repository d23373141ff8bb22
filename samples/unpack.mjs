/**
 * Unpacks the sample images as sparse files: `node samples/unpack.mjs [DIRECTORY]`; tmp/samples of the project by default.
 * Needs nothing but Node.
 */
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGunzip } from 'node:zlib';

const packedIn = fileURLToPath(new URL('.', import.meta.url));
const target = process.argv[2] ?? join(packedIn, '..', 'tmp', 'samples');
await mkdir(target, { recursive: true });
for (const name of (await readdir(packedIn)).filter((entry) => entry.endsWith('.gz'))) {
  await unpack(join(packedIn, name), join(target, name.slice(0, -'.gz'.length)));
}

/** Writes what is not zero; the rest stays a hole. The file gets its name when it is whole. */
async function unpack(from, to) {
  const file = await open(`${to}.part`, 'w');
  try {
    await pipeline(createReadStream(from), createGunzip({ chunkSize: 0x10000 }), async (chunks) => {
      let offset = 0;
      for await (const chunk of chunks) {
        if (chunk.some((byte) => byte !== 0)) await file.write(chunk, 0, chunk.length, offset);
        offset += chunk.length;
      }
      await file.truncate(offset);
    });
  } finally {
    await file.close();
  }
  await rename(`${to}.part`, to);
}
