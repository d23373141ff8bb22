import assert from 'node:assert/strict';
import { foundLine } from '../../src/cli/display/found-line.js';
import { walkBuffer } from '../support/expect/generated-scan.js';
import { generateMemory } from '../support/generate/memory.js';
import { rawBuffer } from '../support/write/raw.js';

describe('what is said of the bytes read', () => {
  it('never exceeds the size of the image', async () => {
    const scan = await walkBuffer(rawBuffer(generateMemory({})));
    const size = scan.container!.byteLength;
    const said = (bytesRead: number): string =>
      foundLine({ ...scan, bytesRead })
        .split('; ')
        .at(-1)!;
    const mebibytes = (size / 2 ** 20).toFixed(1);
    assert.equal(said(1 << 20), `1.0 of ${mebibytes} MiB read`);
    assert.equal(said(size), `${mebibytes} of ${mebibytes} MiB read`);
    assert.equal(said(size * 3), `all of ${mebibytes} MiB read, parts of it more than once`);
    assert.equal(
      foundLine({ ...scan, container: null, bytesRead: 1 << 20 })
        .split('; ')
        .at(-1),
      '1.0 MiB read',
    );
  });
});
