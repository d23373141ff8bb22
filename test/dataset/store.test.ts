import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { openStore } from '../../src/dataset/store/open-store.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

describe('a file of a dataset that is made only once', () => {
  const folder = temporaryFolder();
  const made = Buffer.from('one');

  it('is made by the first, who may ask again, since an answer can be lost', async () => {
    const store = openStore(folder.path('lake'));
    assert.equal(await store.has('log/1.json'), false);
    assert.equal(await store.create('log/1.json', made), true);
    assert.equal(await store.has('log/1.json'), true);
    assert.equal(await store.create('log/1.json', made), true);
    for (const other of ['two', 'on', 'ones', ''])
      assert.equal(await store.create('log/1.json', Buffer.from(other)), false);
    assert.deepEqual(readFileSync(folder.path('lake/log/1.json')), made);
    assert.equal(await store.has('log'), false, 'a folder is no file');
  });
});
