import assert from 'node:assert/strict';
import { kernelLayout } from '../../../src/kernel/structures/structures.js';
import type { StructureName } from '../../../src/kernel/symbols/symbols.js';
import { listedBuild, objectBuild } from '../../support/generate/kernel/kernel-structures.js';
import { generateMemory } from '../../support/generate/memory.js';
import { OBJECT_BUILDS, SAMPLE_PROCESSES } from '../../support/generate/objects/object-sample.js';
import { openWalk } from '../../support/expect/generated-scan.js';
import { rawBuffer } from '../../support/write/raw.js';

const FIELDS: Readonly<Partial<Record<StructureName, readonly string[]>>> = {
  eprocess: [
    'UniqueProcessId',
    'ActiveProcessLinks',
    'ImageFileName',
    'CreateTime',
    'ExitTime',
    'InheritedFromUniqueProcessId',
    'ObjectTable',
    'Token',
    'ThreadListHead',
    'ActiveThreads',
  ],
  kprocess: ['DirectoryTableBase'],
  ethread: ['Cid', 'ThreadListEntry'],
  handleTable: ['TableCode'],
  objectHeader: ['TypeIndex', 'Body'],
  objectType: ['Name', 'Index', 'TotalNumberOfObjects'],
};

/** What these few processes do not decide: other offsets hold what the field must as well. */
const UNDECIDED: Readonly<Record<string, readonly string[]>> = {
  '6.1.7601.24540': ['eprocess.ExitTime', 'eprocess.Token'],
  '6.3.9600.20369': ['eprocess.ExitTime'],
};

describe('structures found in the image itself', () => {
  for (const version of OBJECT_BUILDS)
    it(`are those of the build, or told to be undecided: ${version}`, async () => {
      const build = listedBuild(version);
      const generated = generateMemory({ build, processes: SAMPLE_PROCESSES });
      const { kernel } = await openWalk(rawBuffer(generated));
      const layout = await kernelLayout(kernel, null, { knownBuilds: false });
      const undecided: string[] = [];
      for (const [name, fields] of Object.entries(FIELDS)) {
        const structure = name as StructureName;
        for (const field of fields) {
          const found = layout.field(structure, field);
          if (found !== undefined) assert.equal(found, objectBuild(build).structures[structure]?.[field], field);
          else {
            assert.match(String(layout.fields(structure, field)), /offsets hold what the field must/);
            undecided.push(`${structure}.${field}`);
          }
        }
      }
      assert.deepEqual(undecided, UNDECIDED[version] ?? []);
      for (const variable of ['PsActiveProcessHead', 'PspCidTable'] as const)
        assert.equal(layout.address(variable), generated.truth.kernelBase + BigInt(build.rva[variable]!));
    });

  it('are not guessed where processes are too few, or lists lead elsewhere', async () => {
    const build = listedBuild('10.0.19041.1466');
    const generated = generateMemory({ build, processes: SAMPLE_PROCESSES.slice(0, 1) });
    const { kernel } = await openWalk(rawBuffer(generated));
    const layout = await kernelLayout(kernel, null, { knownBuilds: false });
    assert.match(String(layout.fields('eprocess', 'size')), /is not known: /);
    assert.match(String(layout.address('PsActiveProcessHead')), /the list at PsActiveProcessHead is none of processes/);
  });

  it('are held against the table of the build, which decides and is not believed blindly', async () => {
    const build = listedBuild('6.1.7601.24540');
    const generated = generateMemory({ build, processes: SAMPLE_PROCESSES });
    const { kernel } = await openWalk(rawBuffer(generated));
    const layout = await kernelLayout(kernel, null);
    assert.equal(layout.field('eprocess', 'ExitTime'), objectBuild(build).structures['eprocess']!['ExitTime']);
  });

  it('complete symbols that lack some, and change nothing of what these say', async () => {
    const build = listedBuild('10.0.19041.1466');
    const generated = generateMemory({ build, processes: SAMPLE_PROCESSES });
    const { kernel, located } = await openWalk(rawBuffer(generated));
    const { structures } = located.symbols!;
    const ActiveThreads = 0x5f4;
    const layout = await kernelLayout(kernel, {
      ...located.symbols!,
      structures: { eprocess: { ...structures.eprocess, ActiveThreads } },
    });
    assert.equal(layout.field('eprocess', 'ActiveThreads'), ActiveThreads);
    for (const [structure, field] of [
      ['handleTable', 'TableCode'],
      ['ethread', 'Cid'],
      ['objectHeader', 'TypeIndex'],
    ] as const)
      assert.equal(layout.field(structure, field), structures[structure]![field]);
  });
});
