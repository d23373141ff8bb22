import assert from 'node:assert/strict';
import { recordStream, scanRecords, scanTags, type ScannedRecordName } from '../../src/index.js';
import { RECORD_TYPES } from '../../src/record/schema/record-types.js';
import { streamOf } from '../../src/library/web-stream.js';
import { writeSample } from '../support/images/samples.js';
import { openDescriptors } from '../support/run/open-files.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

const COUNTS: Readonly<Record<ScannedRecordName, number>> = {
  pool_tag: 320,
  pool_tag_cpu: 590,
  image: 1,
  process: 12,
  object_count: 19,
  object_holder: 697,
  bigpool: 4,
  pool_tag_session: 201,
  image_warning: 0,
};

describe('records of an image, one by one', () => {
  const folder = temporaryFolder();
  let image: string;

  before(() => (image = writeSample('server-14393.dmp', folder.path('server.dmp'))));

  for (const recordType of RECORD_TYPES.filter(({ name }) => name !== 'pool_tag_live')) {
    const name = recordType.name as ScannedRecordName;
    it(`${name}: every column in each`, async () => {
      const columns = recordType.columns.map((column) => column.name).sort();
      let count = 0;
      for await (const row of scanRecords(image, name)) {
        assert.deepEqual(Object.keys(row).sort(), columns);
        count++;
      }
      assert.equal(count, COUNTS[name]);
    });
  }

  it('refuses a kind that no image has', async () => {
    const live = scanRecords(image, 'pool_tag_live' as ScannedRecordName);
    await assert.rejects(live.next(), { code: 'USAGE', message: 'no image has pool_tag_live records' });
  });

  it('closes the image when the loop is left', async () => {
    for await (const { tag, nonpaged_bytes: bytes } of scanTags(image, { selection: { sort: 'bytes' } })) {
      assert.deepEqual([tag, bytes], ['HpX ', 3904992n]);
      assert.equal(openDescriptors(image) ?? 1, 1);
      break;
    }
    assert.equal(openDescriptors(image) ?? 0, 0);
  });

  it('is a web stream too, which closes the image when it is cancelled', async () => {
    const reader = recordStream(image, 'pool_tag', { selection: { sort: 'bytes', top: 2 } }).getReader();
    assert.equal((await reader.read()).value!.tag, 'HpX ');
    await reader.cancel();
    assert.equal(openDescriptors(image) ?? 0, 0);
    const all = [];
    for await (const { tag } of recordStream(image, 'pool_tag', { selection: { sort: 'bytes', top: 2 } }))
      all.push(tag);
    assert.equal(all.length, 2);
  });

  it('fails as a web stream with the error of the scan', async () => {
    const reader = recordStream(folder.path('none.dmp'), 'pool_tag').getReader();
    await assert.rejects(reader.read(), { code: 'SOURCE_NOT_FOUND' });
  });
});

describe('a web stream of a generator', () => {
  it('asks for no value that is not wanted', async () => {
    let made = 0;
    let ended = false;
    async function* numbers(): AsyncGenerator<number> {
      try {
        for (;;) yield made++;
      } finally {
        ended = true;
      }
    }
    const reader = streamOf(numbers()).getReader();
    for (let wanted = 0; wanted < 5; wanted++) {
      assert.equal(made, wanted);
      assert.equal((await reader.read()).value, wanted);
    }
    assert.equal(made, 5);
    await reader.cancel();
    assert.equal(ended, true);
  });
});
