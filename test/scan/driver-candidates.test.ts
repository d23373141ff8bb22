import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PoolTrackerError } from '../../src/errors.js';
import type { DriverSearch } from '../../src/pool/tag-names/tag-names.js';
import { openScan } from '../../src/scan/open-scan.js';
import { decodeScan } from '../../src/scan/scan.js';
import { driverCandidates } from '../../src/scan/driver-candidates.js';
import { generateMemory } from '../support/generate/memory.js';
import { writeModules } from '../support/generate/kernel/module-writer.js';
import { tagKey } from '../support/generate/tracker/tag-plan.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { driverFileBytes, driverInMemory } from '../support/write/driver-file.js';
import { writeRaw } from '../support/write/raw.js';

/** Begins as a driver does; loads `tag` into r8d deep inside, across the end of a MiB. */
function driverBytes(tag: string): Buffer {
  const bytes = Buffer.alloc((1 << 20) + 0x1000, 0xcc);
  bytes.write('MZ', 0, 'latin1');
  bytes.set([0x41, 0xb8, ...Buffer.from(tag, 'latin1')], (1 << 20) - 4);
  return bytes;
}

function named({ candidates }: Pick<DriverSearch, 'candidates'>): (readonly [number, string[]])[] {
  return [...candidates].map(([key, drivers]) => [key, drivers.map(({ name }) => name)]);
}

describe('driver candidates', () => {
  const folder = temporaryFolder();
  const keys = [tagKey('Leak'), tagKey('Gone')];
  let directory = '';
  before(() => {
    directory = folder.path('drivers');
    mkdirSync(join(directory, 'inner.sys'), { recursive: true });
    writeFileSync(join(directory, 'leaky.sys'), driverBytes('Leak'));
    writeFileSync(join(directory, 'other.sys'), driverBytes('Othe'));
    writeFileSync(join(directory, 'Leak.txt'), 'Leak, but no driver');
    writeFileSync(join(directory, 'inner.sys', 'deep.sys'), driverBytes('Gone'));
    writeFileSync(join(directory, 'empty.sys'), '');
  });

  it('come from the drivers of a directory, and of those below it, not from its other files', async () => {
    const { candidates, searched } = await driverCandidates(directory, keys, { cache: false });
    assert.deepEqual(named({ candidates }), [
      [tagKey('Leak'), ['leaky.sys']],
      [tagKey('Gone'), ['deep.sys']],
    ]);
    assert.equal(searched, 3);
  });

  it('come from one driver', async () => {
    const { candidates } = await driverCandidates(join(directory, 'leaky.sys'), keys, {});
    assert.deepEqual(named({ candidates }), [[tagKey('Leak'), ['leaky.sys']]]);
  });

  it('come from no program of user mode, and from no link that leads where nothing may be read', async () => {
    const program = folder.path('setup.exe');
    writeFileSync(program, driverFileBytes({ keys, subsystem: 2 }));
    await assert.rejects(driverCandidates(program, keys, {}), {
      code: 'USAGE',
      message: /setup\.exe is no driver: it is a program of user mode$/,
    });
    const link = folder.path('link.sys');
    symlinkSync(join(directory, 'leaky.sys'), link);
    assert.equal((await driverCandidates(link, keys, {})).candidates.size, 1);
    await assert.rejects(driverCandidates(link, keys, { within: [folder.path('elsewhere')] }), {
      code: 'SOURCE_NOT_PERMITTED',
    });
  });

  it('come from the modules that a memory image has loaded', async () => {
    const generated = generateMemory({ memoryBytes: 32 << 20 });
    writeModules(generated, [
      { name: 'first.sys', bytes: driverBytes('Othe') },
      { name: 'leaky.sys', bytes: driverBytes('Leak') },
    ]);
    const image = folder.path('memory.raw');
    await writeRaw(generated, image);
    const { candidates, searched } = await driverCandidates(image, keys, { cache: false });
    assert.deepEqual(named({ candidates }), [[tagKey('Leak'), ['leaky.sys']]]);
    assert.equal(searched, 3);
  });

  it('that are loaded in the image come before those that only lie on the disk', async () => {
    const store = folder.path('store');
    const plans = [
      ['a/code.sys', { keys: [tagKey('Leak')], timeDateStamp: 1 }],
      ['b/loaded.sys', { keys: [tagKey('Leak')], timeDateStamp: 2, texts: { CompanyName: 'Old' } }],
      ['c/loaded.sys', { keys: [tagKey('Leak')], timeDateStamp: 3, texts: { CompanyName: 'New' } }],
    ] as const;
    for (const [path, plan] of plans) {
      mkdirSync(join(store, path.slice(0, 1)), { recursive: true });
      writeFileSync(join(store, path), driverFileBytes(plan));
    }
    const generated = generateMemory({ memoryBytes: 32 << 20 });
    writeModules(generated, [{ name: 'LOADED.SYS', bytes: driverInMemory(plans[2][1]) }]);
    const image = folder.path('loaded.raw');
    await writeRaw(generated, image);
    const scan = await openScan(image, { cache: false });
    try {
      const scanned = await decodeScan(scan);
      const { candidates } = await driverCandidates(store, keys, { cache: false, scanned });
      assert.deepEqual(
        candidates.get(tagKey('Leak'))?.map(({ path, vendor, loaded, sameBuild }) => [path, vendor, loaded, sameBuild]),
        [
          ['c/loaded.sys', 'New', true, true],
          ['b/loaded.sys', 'Old', true, false],
          ['a/code.sys', null, false, null],
        ],
      );
      const inImage = await driverCandidates(image, keys, { cache: false, scanned });
      assert.deepEqual(
        inImage.candidates.get(tagKey('Leak'))?.map(({ name, vendor, loaded, path }) => [name, vendor, loaded, path]),
        [['LOADED.SYS', 'New', true, null]],
      );
    } finally {
      await scan.close();
    }
  });

  const refused: readonly (readonly [what: string, path: () => string, code: string])[] = [
    ['a directory without drivers', () => join(directory, 'none'), 'USAGE'],
    ['what is not there', () => join(directory, 'absent'), 'SOURCE_NOT_FOUND'],
    ['a file that is neither a driver nor an image', () => join(directory, 'Leak.txt'), 'NOT_AN_IMAGE'],
    ['an image without a list of modules', () => folder.path('no-list.raw'), 'NO_KERNEL'],
  ];
  before(async () => {
    mkdirSync(join(directory, 'none'));
    await writeRaw(
      generateMemory({ memoryBytes: 32 << 20, build: 'unknown', kdbg: 'absent' }),
      folder.path('no-list.raw'),
    );
  });
  for (const [what, path, code] of refused) {
    it(`are refused for ${what}`, async () => {
      await assert.rejects(
        driverCandidates(path(), keys, { cache: false }),
        (error) => error instanceof PoolTrackerError && error.code === code,
        code,
      );
    });
  }
});
