import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PAGING_NAMES, type PhysicalAddress, type Plugin, PoolTrackerError, recordTypeNamed } from '../../src/index.js';
import { ownFormat } from '../../src/plugin/image-formats.js';
import { checkedPlugin } from '../../src/plugin/shape.js';
import { ownSink } from '../../src/plugin/sinks.js';
import { ownScheme } from '../../src/plugin/source-schemes.js';
import { ownSymbolSource } from '../../src/plugin/symbol-sources.js';
import { assertAsyncProperty, assertProperty } from '../support/lanes/property.js';
import { BufferSource } from '../support/sources/buffer-source.js';

/** A plug-in in TypeScript: that this compiles is a part of the test. */
const TYPED = {
  apiVersion: 1,
  name: 'typed',
  imageFormats: [
    {
      name: 'typed',
      title: 'Typed',
      probe: (head) => head.length > 3,
      open: (source) =>
        Promise.resolve({
          format: 'typed',
          source,
          runs: [{ start: 0, length: 0x1000, offset: 0 }],
          hints: { pageTableRoots: [{ address: 0x1000 as PhysicalAddress, from: 'its header' }] },
          warnings: [],
        }),
      async *stream(input) {
        for (let start = 0; !(await input.atEnd()); start += 0x1000)
          yield { start: start as PhysicalAddress, length: 0x1000 };
      },
    },
  ],
  sourceSchemes: [
    {
      name: 'typed',
      claims: () => true,
      open: (location) => Promise.resolve({ name: location, byteLength: null, pieces: bytes() }),
    },
  ],
  symbolSources: [{ name: 'typed', find: () => Promise.resolve(null) }],
  sinks: [
    {
      name: 'typed',
      extensions: ['.typed'],
      load: () =>
        Promise.resolve(async function* (batches) {
          for await (const batch of batches) yield Buffer.from(String(batch.numRows));
        }),
    },
  ],
} satisfies Plugin;

async function* bytes(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('x');
}

const SOURCE = new BufferSource(Buffer.alloc(0x10000));
/** Anything, and now and then what is nearly right. */
const anything = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withTypedArray: true, withNullPrototype: true }),
  fc.integer(),
  fc.constantFrom(...PAGING_NAMES, 'x64', '', [], {}),
);
const records = (names: readonly string[]): fc.Arbitrary<object> =>
  fc.record(Object.fromEntries(names.map((name) => [name, anything])), { requiredKeys: [] });

/** Whatever comes of it, it is an answer or one error of the family that names the plug-in. */
async function isOneError(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    assert.ok(error instanceof PoolTrackerError, String(error));
    assert.notEqual(error.code, 'INTERNAL');
    assert.match(error.message, /^plug-in /);
    assert.doesNotMatch(error.message, /\n/);
  }
}

describe('what a plug-in answers', () => {
  it('in TypeScript fits the contract', () => assert.equal(checkedPlugin('typed.ts', TYPED), TYPED));

  it('whatever a module exports is a plug-in or is refused', async () => {
    const almost = fc.record(
      { ...Object.fromEntries(Object.keys(TYPED).map((name) => [name, anything])), name: fc.constantFrom('acme', 7) },
      { requiredKeys: [] },
    );
    await assertAsyncProperty(
      fc.asyncProperty(fc.oneof(anything, almost), (exported) => isOneError(() => checkedPlugin('acme.mjs', exported))),
    );
  });

  it('whatever a format opens is bounded or refused', async () => {
    const run = records(['start', 'length', 'offset']);
    const hints = records([
      'architecture',
      'pageTableRoots',
      'kdDebuggerDataBlock',
      'systemTime',
      'processors',
      'build',
    ]);
    const opened = fc.record(
      {
        source: fc.oneof(fc.constant(SOURCE), records(['name', 'byteLength', 'read', 'close'])),
        runs: fc.oneof(anything, fc.array(run), fc.constant([{ start: 0, length: 4096, offset: 0 }])),
        hints: fc.oneof(fc.constant({}), hints),
        warnings: fc.oneof(fc.constant([]), anything, fc.array(records(['code', 'message']))),
      },
      { requiredKeys: ['source', 'runs'] },
    );
    await assertAsyncProperty(
      fc.asyncProperty(fc.oneof(anything, opened), (answer) => {
        const open = (): Promise<never> => Promise.resolve(answer as never);
        return isOneError(async () => {
          const { runs, source } = await ownFormat('acme', { ...TYPED.imageFormats[0]!, open }).open(SOURCE);
          for (const { length, offset } of runs) assert.ok(length > 0 && offset + length <= source.byteLength);
        });
      }),
    );
  });

  it('whatever a scheme opens, a source of symbols finds or a sink writes is one error, or right', async () => {
    const opened = fc.oneof(anything, records(['name', 'byteLength', 'read', 'close', 'pieces', 'warnings']));
    const symbols = fc.oneof(
      anything,
      records(['source', 'version', 'trackerEntrySize', 'tagTablesCapacity', 'rva', 'structures']),
    );
    const options = { open: () => Promise.reject(new Error('unused')) };
    const pdb = { name: 'ntkrnlmp.pdb', guid: '0'.repeat(32), age: 1 };
    await assertAsyncProperty(
      fc.asyncProperty(opened, symbols, fc.array(anything), async (source, found, pieces) => {
        const scheme = ownScheme('acme', {
          name: 'acme',
          claims: () => true,
          open: () => Promise.resolve(source as never),
        });
        await isOneError(() => scheme.open('acme:x', options));
        const finder = ownSymbolSource('acme', { name: 'acme', find: () => Promise.resolve(found as never) });
        await isOneError(() => finder.find(pdb, {}));
        const load = (): Promise<never> => Promise.resolve((() => pieces) as never);
        const encode = await ownSink('acme', { name: 'acme', extensions: [], load }).load();
        await isOneError(async () => {
          for await (const piece of encode(none(), recordTypeNamed('pool_tag'), {}))
            assert.ok(piece instanceof Uint8Array);
        });
      }),
    );
  });

  it('whatever a plug-in throws has its name', () =>
    assertProperty(
      fc.property(anything, (thrown) => {
        const scheme = ownScheme('acme', {
          name: 'acme',
          claims() {
            throw thrown;
          },
          open: () => Promise.reject(new Error('unused')),
        });
        assert.throws(() => scheme.claims('acme:x'), /^PoolTrackerError: plug-in 'acme': acme:x/);
      }),
    ));

  it('and so has what throws again when it is looked at', () => {
    const refuse = (): never => {
      throw new Error('do not look');
    };
    const getter = new Error('x');
    for (const name of ['stack', 'message', 'code', 'cause', 'data', 'name'])
      Object.defineProperty(getter, name, { get: refuse });
    const proxy = new Proxy(new Error('x'), { get: refuse, has: refuse, getPrototypeOf: refuse });
    for (const thrown of [getter, proxy, Object.assign(new PoolTrackerError('USAGE', 'x'), { data: proxy })]) {
      const scheme = ownScheme('acme', {
        name: 'acme',
        claims() {
          throw thrown;
        },
        open: () => Promise.reject(new Error('unused')),
      });
      assert.throws(() => scheme.claims('acme:x'), /^PoolTrackerError: plug-in 'acme': /);
    }
  });
});

async function* none(): AsyncGenerator<never> {
  return;
}
