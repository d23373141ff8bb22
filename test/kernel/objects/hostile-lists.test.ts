import assert from 'node:assert/strict';
import type { KernelObjects } from '../../../src/kernel/objects/objects.js';
import { generateMemory } from '../../support/generate/memory.js';
import type { GeneratedMemory } from '../../support/generate/memory-plan.js';
import { listedBuild, objectBuild } from '../../support/generate/kernel/kernel-structures.js';
import { SAMPLE_PROCESSES } from '../../support/generate/objects/object-sample.js';
import { readingsOf, walkSource } from '../../support/expect/generated-scan.js';
import { BufferSource } from '../../support/sources/buffer-source.js';
import { rawBuffer } from '../../support/write/raw.js';

const VERSION = '10.0.19041.1466';
const BUILD = objectBuild(listedBuild(VERSION));
const NOWHERE = 0xffff990000000000n;

function generated(): GeneratedMemory {
  return generateMemory({ build: listedBuild(VERSION), processes: SAMPLE_PROCESSES });
}

function at(structure: string, field: string): bigint {
  return BigInt(BUILD.structures[structure]![field]!);
}

function addressOf({ truth }: GeneratedMemory, pid: number): bigint {
  return truth.objects!.processes.find(({ plan }) => plan.pid === pid)!.address;
}

/** The LIST_ENTRY of a process on PsActiveProcessHead. */
function links(memory: GeneratedMemory, pid: number): bigint {
  return addressOf(memory, pid) + at('eprocess', 'ActiveProcessLinks');
}

/** Reads of the image that a survey of untouched lists takes. */
let plainReads = 0;

async function surveyed(memory: GeneratedMemory): Promise<{ objects: KernelObjects; reads: number }> {
  const source = new BufferSource(rawBuffer(memory));
  const objects = await readingsOf(await walkSource(source)).objects();
  return { objects, reads: source.reads };
}

async function survey(memory: GeneratedMemory): Promise<KernelObjects> {
  const { objects, reads } = await surveyed(memory);
  assert.ok(reads <= 2 * plainReads, `${reads} reads; untouched lists take ${plainReads}`);
  return objects;
}

function count(objects: KernelObjects, kind: string, method: string): KernelObjects['counts'][number] {
  return objects.counts.find((one) => one.kind === kind && one.method === method)!;
}

describe('lists that are torn or hostile', () => {
  before(async () => {
    ({ reads: plainReads } = await surveyed(generated()));
  });

  it('finds every process when a forward link is torn', async () => {
    const memory = generated();
    memory.space.writeU64(links(memory, 400), NOWHERE);
    const objects = await survey(memory);
    const { found, unreadable, reason } = count(objects, 'process', 'PsActiveProcessHead');
    assert.equal(found, 8);
    assert.ok(unreadable! > 0);
    assert.match(reason!, /do not lead back to PsActiveProcessHead|is missing/);
  });

  it('finds every process when forward and backward links are torn at one place', async () => {
    const memory = generated();
    memory.space.writeU64(links(memory, 400), NOWHERE);
    memory.space.writeU64(links(memory, 460) + 8n, NOWHERE + 0x1000n);
    assert.equal(count(await survey(memory), 'process', 'PsActiveProcessHead').found, 8);
  });

  it('ends where a list runs in a circle beside its head', async () => {
    const memory = generated();
    memory.space.writeU64(links(memory, 460), links(memory, 300));
    memory.space.writeU64(links(memory, 500) + 8n, links(memory, 600));
    const { found, unreadable } = count(await survey(memory), 'process', 'PsActiveProcessHead');
    assert.ok(found! >= 4 && found! <= 8);
    assert.ok(unreadable! > 0);
  });

  it('counts a member that is no process', async () => {
    const memory = generated();
    memory.space.write(addressOf(memory, 460), Buffer.from([5]));
    const objects = await survey(memory);
    const { found, unreadable, reason } = count(objects, 'process', 'PsActiveProcessHead');
    assert.deepEqual([found, unreadable], [7, 1]);
    assert.match(reason!, /no process lies at/);
    assert.deepEqual(count(objects, 'process', 'PspCidTable').unreadable, 1);
    assert.ok(count(objects, 'process', 'CSRSS').unreadable! > 0);
  });

  it('does not take a process for the one that an id stands for', async () => {
    const memory = generated();
    memory.space.writeU64(addressOf(memory, 460) + at('eprocess', 'UniqueProcessId'), 464n);
    const { found, reason } = count(await survey(memory), 'process', 'PspCidTable');
    assert.equal(found, 7);
    assert.match(reason!, /under id 460 has id 464/);
  });

  it('ends in a session list and a thread list that never come back', async () => {
    const memory = generated();
    const session = memory.truth.objects!.sessions.get(1)!;
    memory.space.writeU64(
      session + at('sessionSpace', 'ProcessList'),
      addressOf(memory, 500) + at('eprocess', 'SessionProcessLinks'),
    );
    memory.space.writeU64(
      addressOf(memory, 500) + at('eprocess', 'SessionProcessLinks'),
      addressOf(memory, 500) + at('eprocess', 'SessionProcessLinks'),
    );
    const thread = memory.truth.objects!.processes[0]!.threads[0]! + at('ethread', 'ThreadListEntry');
    memory.space.writeU64(thread, thread);
    const objects = await survey(memory);
    assert.ok(count(objects, 'process', 'Sessions').unreadable! > 0);
    assert.match(count(objects, 'thread', 'ThreadListHead').reason!, /System \(4\) does not lead back/);
  });

  it('does not count a thread that belongs to another process', async () => {
    const memory = generated();
    const thread = memory.truth.objects!.processes[0]!.threads[0]!;
    memory.space.writeU64(thread + at('ethread', 'Cid'), 999n);
    const threads = SAMPLE_PROCESSES.reduce((sum, { threads: ids }) => sum + (ids?.length ?? 0), 0);
    const { found, unreadable } = count(await survey(memory), 'thread', 'ThreadListHead');
    assert.deepEqual([found, unreadable], [threads - 1, 1]);
  });

  it('counts handles, not what a table claims', async () => {
    const memory = generated();
    const table = memory.truth.objects!.handleTables.get(600)!;
    memory.space.write(table, Buffer.from([0xff, 0xff, 0xff, 0xff]));
    const claimed = Buffer.alloc(4, 0xff);
    memory.space.write(table + at('handleTable', 'FreeLists') + at('handleTableFreeList', 'HandleCount'), claimed);
    const { processes } = await survey(memory);
    assert.equal(
      processes.find(({ pid }) => pid === 600)!.handles,
      memory.truth.objects!.processes.find(({ plan }) => plan.pid === 600)!.handles,
    );
  });

  it('takes the claim where a page of the table is missing', async () => {
    const memory = generated();
    const table = memory.truth.objects!.handleTables.get(600)!;
    const code = memory.space.read(table + at('handleTable', 'TableCode'), 8).readBigUInt64LE();
    memory.space.writeU64((code & ~7n) + 8n, NOWHERE);
    const objects = await survey(memory);
    assert.equal(
      objects.processes.find(({ pid }) => pid === 600)!.handles,
      memory.truth.objects!.processes.find(({ plan }) => plan.pid === 600)!.handles,
    );
    assert.ok(count(objects, 'file', 'Handles').unreadable! > 0);
    assert.ok(count(objects, 'file', 'Handles').found! < memory.truth.objects!.files);
  });

  it('says why when no handle table can be read', async () => {
    const memory = generated();
    for (const table of memory.truth.objects!.handleTables.values())
      memory.space.writeU64(table + at('handleTable', 'TableCode'), 7n);
    const objects = await survey(memory);
    for (const method of ['Handles', 'CSRSS']) assert.equal(count(objects, 'process', method).found, null);
    assert.match(
      count(objects, 'process', 'Handles').reason!,
      /none of 8 handle tables could be read: .* claims 3 levels/,
    );
    assert.ok(objects.processes.every(({ seenBy }) => seenBy.Handles === null && seenBy.CSRSS === null));
  });

  it('tells a type table whose entries point elsewhere', async () => {
    const memory = generated();
    const table = memory.truth.variables['ObTypeIndexTable']!;
    for (let index = 2n; index < 12n; index++) memory.space.writeU64(table + index * 8n, table);
    const objects = await survey(memory);
    const types = count(objects, 'process', 'ObTypeIndexTable');
    assert.equal(types.found, null);
    assert.match(types.reason!, /no object type lies at/);
    assert.equal(count(objects, 'process', 'Handles').found, 7, 'types are learned from examples');
  });
});
