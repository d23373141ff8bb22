import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PoolTrackerError } from '../../../src/errors.js';
import type { DriverImage } from '../../../src/pool/tag-names/driver-images.js';
import { searchDrivers, type DriverSearch } from '../../../src/pool/tag-names/driver-search.js';
import { tagKey } from '../../support/generate/tracker/tag-plan.js';
import { assertAsyncProperty } from '../../support/lanes/property.js';

const FACTS = { kind: 'driver', imageSize: null, timeDateStamp: null, version: null } as const;

/** A module that comes in pieces of `size` bytes. */
function driver(name: string, bytes: Buffer, size = bytes.length || 1): DriverImage {
  return {
    name,
    path: name,
    size: bytes.length,
    facts: async () => FACTS,
    async *chunks() {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    },
  };
}

function found({ candidates }: DriverSearch): Record<string, readonly string[]> {
  return Object.fromEntries(
    [...candidates].map(([key, drivers]) => [
      Buffer.from(Uint32Array.of(key).buffer).toString('latin1'),
      drivers.map(({ name }) => name),
    ]),
  );
}

const FILL = Buffer.alloc(64, 0xcc);
const CALL = Buffer.concat([
  FILL,
  Buffer.from([0x41, 0xb8]),
  Buffer.from('Leak'),
  Buffer.from([0xba, 0, 1, 0, 0]),
  FILL,
]);
const DATA = Buffer.concat([FILL, Buffer.from('Leak'), FILL]);

describe('driver search', () => {
  it('names the modules that hold a tag, those that load it into a register first', async () => {
    const search = await searchDrivers(
      [driver('data.sys', DATA), driver('none.sys', FILL), driver('call.sys', CALL)],
      [tagKey('Leak'), tagKey('Gone')],
    );
    assert.deepEqual(found(search), { Leak: ['call.sys', 'data.sys'] });
    assert.equal(search.searched, 3);
  });

  it('tells a push of an immediate from data', async () => {
    const push = Buffer.concat([FILL, Buffer.from([0x68]), Buffer.from('Leak')]);
    assert.deepEqual(
      found(await searchDrivers([driver('data.sys', DATA), driver('push.sys', push)], [tagKey('Leak')])),
      { Leak: ['push.sys', 'data.sys'] },
    );
  });

  it('finds a protected tag in either form, under the key that was asked for', async () => {
    const protectedKey = (tagKey('Leak') | 0x80000000) >>> 0;
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32LE(protectedKey, 4);
    const search = await searchDrivers(
      [driver('plain.sys', DATA), driver('protected.sys', bytes)],
      [protectedKey, tagKey('Leak')],
    );
    for (const key of [protectedKey, tagKey('Leak')])
      assert.deepEqual(
        search.candidates.get(key)?.map(({ name }) => name),
        ['plain.sys', 'protected.sys'],
      );
  });

  it('finds tags and tells operands wherever the pieces of a module end', async () => {
    for (let size = 1; size <= CALL.length; size++) {
      const search = await searchDrivers(
        [driver('data.sys', DATA, size), driver('call.sys', CALL, size)],
        [tagKey('Leak')],
      );
      assert.deepEqual(found(search), { Leak: ['call.sys', 'data.sys'] }, `pieces of ${size}`);
    }
  });

  it('does not take what lies before a module for zeros', async () => {
    assert.deepEqual(found(await searchDrivers([driver('a.sys', Buffer.from('A'))], [0x41000000])), {});
  });

  it('does not join the end of one module with the start of the next', async () => {
    assert.deepEqual(
      found(
        await searchDrivers(
          [driver('a.sys', Buffer.from('xxLe')), driver('b.sys', Buffer.from('akxx'))],
          [tagKey('Leak')],
        ),
      ),
      {},
    );
  });

  it('names no one for bytes that lie in many modules as data, and only who loads them where someone does', async () => {
    const many = Array.from({ length: 17 }, (_, index) => driver(`${index}.sys`, DATA));
    assert.deepEqual(found(await searchDrivers(many, [tagKey('Leak')])), {});
    assert.deepEqual(found(await searchDrivers([...many, driver('call.sys', CALL)], [tagKey('Leak')])), {
      Leak: ['call.sys'],
    });
    assert.equal(found(await searchDrivers(many.slice(1), [tagKey('Leak')]))['Leak']?.length, 16);
  });

  it('goes on behind a module that cannot be read, and says which', async () => {
    const broken: DriverImage = {
      ...driver('broken.sys', DATA),
      async *chunks() {
        throw new PoolTrackerError('SOURCE_NOT_PERMITTED', 'cannot read broken.sys: no permission to read it');
      },
    };
    const search = await searchDrivers([broken, driver('data.sys', DATA)], [tagKey('Leak')]);
    assert.deepEqual(
      [found(search), search.unreadable],
      [{ Leak: ['data.sys'] }, ['cannot read broken.sys: no permission to read it']],
    );
  });

  it('agrees with Buffer.includes on any bytes', async () => {
    const bytes = fc.array(fc.constantFrom(0x41, 0x42, 0xb8, 0x00), { maxLength: 60 }).map((list) => Buffer.from(list));
    const key = fc
      .array(fc.constantFrom(0x41, 0x42, 0x00), { minLength: 4, maxLength: 4 })
      .map((list) => Buffer.from(list));
    await assertAsyncProperty(
      fc.asyncProperty(
        bytes,
        fc.array(key, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 9 }),
        async (module, keys, size) => {
          const search = await searchDrivers(
            [driver('m.sys', module, size)],
            keys.map((one) => one.readUInt32LE()),
          );
          for (const one of keys)
            assert.equal(search.candidates.has(one.readUInt32LE()), module.includes(one), one.toString('hex'));
        },
      ),
    );
  });
});
