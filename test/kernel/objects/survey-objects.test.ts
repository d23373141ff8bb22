import assert from 'node:assert/strict';
import type { KernelObjects } from '../../../src/kernel/objects/objects.js';
import { generateMemory } from '../../support/generate/memory.js';
import type { GeneratedMemory, MemoryPlan } from '../../support/generate/memory-plan.js';
import { listedBuild } from '../../support/generate/kernel/kernel-structures.js';
import { OBJECT_BUILDS, SAMPLE_PROCESSES } from '../../support/generate/objects/object-sample.js';
import { EXITED } from '../../support/generate/objects/object-writer.js';
import { readingsOf, walkBuffer } from '../../support/expect/generated-scan.js';
import { rawBuffer } from '../../support/write/raw.js';

function plan(version: string, more: MemoryPlan = {}): MemoryPlan {
  return { build: listedBuild(version), processes: SAMPLE_PROCESSES, ...more };
}

export async function survey(generated: GeneratedMemory): Promise<KernelObjects> {
  return readingsOf(await walkBuffer(rawBuffer(generated))).objects();
}

export function found({ counts }: KernelObjects, kind: string, method: string): number | null {
  const count = counts.find((one) => one.kind === kind && one.method === method);
  assert.ok(count !== undefined, `${kind} by ${method} is counted`);
  return count.found;
}

describe('a survey of generated objects', () => {
  for (const version of OBJECT_BUILDS) {
    it(`finds processes by all five methods: ${version}`, async () => {
      const generated = generateMemory(plan(version));
      const objects = await survey(generated);
      const seenBy = (method: keyof KernelObjects['processes'][number]['seenBy']): number[] =>
        objects.processes.filter((process) => process.seenBy[method] === true).map(({ pid }) => pid);
      assert.deepEqual(
        objects.processes.map(({ pid }) => pid),
        SAMPLE_PROCESSES.map(({ pid }) => pid),
        'all, by id',
      );
      assert.deepEqual(seenBy('PsActiveProcessHead'), [4, 300, 400, 460, 500, 600, 820, 900]);
      assert.deepEqual(seenBy('PspCidTable'), [4, 300, 400, 460, 500, 600, 700, 900]);
      assert.deepEqual(seenBy('CSRSS'), [460, 600, 700, 760, 820, 900]);
      assert.deepEqual(seenBy('Handles'), [460, 600, 700, 760, 764, 820, 900]);
      assert.deepEqual(seenBy('Sessions'), [400, 460, 500, 600, 700, 764, 768, 900]);
      for (const { kind, method, unreadable } of objects.counts)
        if (kind !== 'module' && kind !== 'handle_table') assert.equal(unreadable, 0, `${kind} by ${method}`);
    });

    it(`decodes each process: ${version}`, async () => {
      const generated = generateMemory(plan(version));
      const { processes } = await survey(generated);
      for (const truth of generated.truth.objects!.processes) {
        const process = processes.find(({ pid }) => pid === truth.plan.pid);
        assert.ok(process !== undefined);
        assert.equal(process.address, truth.address);
        assert.equal(process.name, truth.plan.name.slice(0, 15));
        assert.equal(process.ppid, truth.plan.ppid ?? 0);
        assert.equal(process.sessionId, truth.plan.isTerminated === true ? null : (truth.plan.session ?? null));
        assert.equal(process.pageTableRoot, generated.truth.dtb);
        assert.equal(process.activeThreads, truth.threads.length);
        assert.equal(process.handles, truth.handles);
        assert.equal(process.exitTime?.getTime() ?? null, truth.plan.isTerminated === true ? EXITED.getTime() : null);
        assert.equal(process.createTime?.getTime(), Date.parse('2024-08-30T08:00:00Z') + process.pid);
      }
    });

    it(`counts threads, tokens, files, keys and handle tables: ${version}`, async () => {
      const generated = generateMemory(plan(version));
      const objects = await survey(generated);
      const truth = generated.truth.objects!;
      const threads = SAMPLE_PROCESSES.reduce((sum, process) => sum + (process.threads?.length ?? 0), 0);
      assert.equal(found(objects, 'thread', 'ThreadListHead'), threads);
      assert.equal(found(objects, 'thread', 'PspCidTable'), threads);
      assert.equal(found(objects, 'token', 'EPROCESS.Token'), SAMPLE_PROCESSES.length);
      assert.equal(found(objects, 'file', 'Handles'), truth.files);
      assert.equal(found(objects, 'key', 'Handles'), truth.keys);
      assert.equal(found(objects, 'handle_table', 'ObjectTable'), truth.tableAllocations);
      assert.equal(found(objects, 'process', 'ObTypeIndexTable'), SAMPLE_PROCESSES.length);
      assert.equal(found(objects, 'thread', 'ObTypeIndexTable'), threads);
      assert.equal(found(objects, 'file', 'ObTypeIndexTable'), truth.files);
    });
  }

  it('tells terminated processes apart', async () => {
    const { counts } = await survey(generateMemory(plan('10.0.19041.1466')));
    const terminated = counts
      .filter(({ kind, found: count }) => kind === 'process' && count !== null)
      .map(({ method, terminated: ended }) => [method, ended]);
    assert.deepEqual(terminated, [
      ['PsActiveProcessHead', 1],
      ['CSRSS', 1],
      ['PspCidTable', 0],
      ['Sessions', 0],
      ['Handles', 1],
      ['ObTypeIndexTable', null],
    ]);
  });

  it('learns the types of objects from examples where the cookie is not known', async () => {
    const generated = generateMemory(plan('10.0.19041.1466'));
    // Wipes the type table: its first entries lead nowhere.
    generated.space.write(generated.truth.variables['ObTypeIndexTable']!, Buffer.alloc(0x100));
    const objects = await survey(generated);
    assert.equal(found(objects, 'process', 'Handles'), 7);
    assert.equal(found(objects, 'process', 'CSRSS'), 6);
    assert.equal(found(objects, 'process', 'ObTypeIndexTable'), null);
  });

  it('goes on where one method cannot be read', async () => {
    const generated = generateMemory(plan('10.0.22000.1219'));
    generated.space.writeU64(generated.truth.variables['PspCidTable']!, 0n);
    const objects = await survey(generated);
    const cid = objects.counts.find(({ kind, method }) => kind === 'process' && method === 'PspCidTable')!;
    assert.equal(cid.found, null);
    assert.match(cid.reason!, /handle table at 0x0 is missing/);
    assert.equal(found(objects, 'process', 'PsActiveProcessHead'), 8);
    assert.equal(found(objects, 'process', 'Handles'), 7);
    assert.ok(objects.processes.every(({ seenBy }) => seenBy.PspCidTable === null));
  });

  it('says for each method that a build of unknown structures is not available', async () => {
    const generated = generateMemory({ build: listedBuild('10.0.18362.295'), tagCount: 60 });
    const { processes, counts } = await survey(generated);
    assert.deepEqual(processes, []);
    const reasons = counts.filter(({ kind }) => kind === 'thread').map(({ reason }) => reason);
    assert.ok(reasons.length > 0 && reasons.every((reason) => reason !== null), reasons.join('; '));
  });

  it('uses the family of an unknown build and the debugger block', async () => {
    const known = listedBuild('10.0.19041.1466');
    const generated = generateMemory(
      plan('10.0.19041.1466', { build: { ...known, guid: '0'.repeat(31) + '1' }, kdbg: 'plain' }),
    );
    const objects = await survey(generated);
    assert.equal(found(objects, 'process', 'PsActiveProcessHead'), 8);
    assert.equal(found(objects, 'process', 'Handles'), 7);
  });
});
