/**
 * A symbol source: a folder of small JSON files, one a kernel, named GUID-AGE.json as `symbols IMAGE` tells them. What
 * they say is proved against the image like any other symbols.
 *
 *     {"version": "10.0.19041.1466", "trackerEntrySize": 56, "tagTablesCapacity": 64,
 *      "rva": {"PoolTrackTable": 12345678, "PoolTrackTableSize": 12345686}, "structures": {}}
 *
 * KERNEL_OFFSETS=/mnt/offsets pool-tracker scan memory.raw --plugin samples/plugins/json-symbols.mjs
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const folder = process.env.KERNEL_OFFSETS;

const jsonFolder = {
  name: 'json-folder',
  async find({ guid, age }, options, note) {
    if (folder === undefined) {
      note?.('no offsets were looked for: KERNEL_OFFSETS names no folder');
      return null;
    }
    const path = join(folder, `${guid}-${age}.json`);
    const text = await readFile(path, 'utf8').catch((error) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (text === null) return null;
    const { version = null, trackerEntrySize, tagTablesCapacity = 0, rva, structures = {} } = JSON.parse(text);
    return { origin: 'symbols', source: path, version, trackerEntrySize, tagTablesCapacity, rva, structures };
  },
};

export default { apiVersion: 1, name: 'json-symbols', symbolSources: [jsonFolder] };
