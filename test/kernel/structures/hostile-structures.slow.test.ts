import assert from 'node:assert/strict';
import fc from 'fast-check';
import { kernelLayout } from '../../../src/kernel/structures/structures.js';
import { surveyObjects } from '../../../src/kernel/objects/objects.js';
import { openWalk } from '../../support/expect/generated-scan.js';
import { listedBuild, objectBuild } from '../../support/generate/kernel/kernel-structures.js';
import { generateMemory } from '../../support/generate/memory.js';
import { SAMPLE_PROCESSES } from '../../support/generate/objects/object-sample.js';
import { assertAsyncProperty } from '../../support/lanes/property.js';
import { rawBuffer } from '../../support/write/raw.js';

const VERSION = '10.0.19041.1466';
const HIDDEN = { knownBuilds: false } as const;
const FIELDS = objectBuild(listedBuild(VERSION)).structures['eprocess']!;

/** Numbers that lead astray: nothing, everything, the image's own addresses, ids. */
const VALUE = fc.oneof(
  fc.constantFrom(0n, 1n, 4n, 2n ** 64n - 1n, 0xfffff78000000000n, 0xffff800000000000n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);

describe('structures of a hostile image', () => {
  it('are right, or missing with a reason, whatever is written over processes and lists', async () => {
    const write = fc.tuple(fc.nat(SAMPLE_PROCESSES.length - 1), fc.nat(0x130), VALUE);
    await assertAsyncProperty(
      fc.asyncProperty(fc.array(write, { minLength: 1, maxLength: 12 }), async (writes) => {
        const generated = generateMemory({ build: listedBuild(VERSION), processes: SAMPLE_PROCESSES });
        for (const [process, word, value] of writes)
          generated.space.writeU64(generated.truth.objects!.processes[process]!.address + BigInt(word * 8), value);
        const { kernel } = await openWalk(rawBuffer(generated), HIDDEN);
        const layout = await kernelLayout(kernel, null, HIDDEN);
        for (const field of ['UniqueProcessId', 'ActiveProcessLinks', 'ImageFileName', 'CreateTime', 'ObjectTable']) {
          const found = layout.field('eprocess', field);
          if (found === undefined) assert.match(String(layout.fields('eprocess', field)), /is not known: \S/);
          else assert.equal(found, FIELDS[field], field);
        }
        const { counts } = await surveyObjects(kernel, null, HIDDEN);
        for (const { found, reason } of counts) assert.ok(found !== null || (reason ?? '') !== '');
      }),
      { numRuns: 60 },
    );
  });
});
