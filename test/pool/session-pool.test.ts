import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isMissing } from '../../src/errors.js';
import type { SessionPools } from '../../src/pool/session-pool/session-pool.js';
import { tagName } from '../../src/pool/table/tag-name.js';
import { generateMemory } from '../support/generate/memory.js';
import type { GeneratedMemory, MemoryPlan } from '../support/generate/memory-plan.js';
import { listedBuild } from '../support/generate/kernel/kernel-structures.js';
import type { SessionPoolPlan, SessionPoolTruth } from '../support/generate/objects/object-plan.js';
import { OBJECT_BUILDS, SAMPLE_PROCESSES } from '../support/generate/objects/object-sample.js';
import { generateTags } from '../support/generate/tracker/tag-plan.js';
import { COUNTER_NAMES, type EntrySize } from '../support/generate/tracker/tracker-layouts.js';
import { readingsOf, walkBuffer } from '../support/expect/generated-scan.js';
import { PAGE } from '../support/generate/sparse-memory.js';
import { Random } from '../support/generate/random.js';
import { assertAsyncProperty } from '../support/lanes/property.js';
import { crashDumpBuffer } from '../support/write/crash-dump/crash-dump.js';
import { rawBuffer } from '../support/write/raw.js';

/** Sessions of the sample's processes: few tags, more than fit, none. */
function pools(entrySize: EntrySize, counts: readonly number[] = [40, 300, 0], seed = 7): SessionPoolPlan[] {
  const random = new Random(seed);
  return counts.map((count, session) => ({ session, tags: generateTags(random, count, 1, entrySize) }));
}

function plan(version: string, more: MemoryPlan = {}): MemoryPlan {
  const build = listedBuild(version);
  return {
    build,
    processes: SAMPLE_PROCESSES,
    sessionPools: pools(build.trackerEntry.size as EntrySize),
    ...more,
  };
}

async function read(generated: GeneratedMemory, write = rawBuffer): Promise<SessionPools> {
  const found = await readingsOf(await walkBuffer(write(generated))).sessionPools();
  assert.ok(!isMissing(found), isMissing(found) ? found.missing : '');
  return found;
}

/** What a session must show, as records carry it. */
function expectedTags({ entries, expansion }: SessionPoolTruth, entrySize: EntrySize): object[] {
  const rows = (place: string, list: SessionPoolTruth['entries']): object[] =>
    list.map(({ slot, key, counters }) => ({
      key,
      slot,
      place,
      counters: COUNTER_NAMES.map((name) =>
        entrySize > 40 || name.endsWith('Bytes') ? BigInt.asIntN(64, counters[name]) : counters[name],
      ),
    }));
  return [...rows('table', entries), ...rows('expansion', expansion)];
}

function actualTags(found: SessionPools, session: number): object[] {
  const { tags } = found.sessions.find(({ id }) => id === session)!;
  return tags.map(({ key, slot, place, counters }) => ({ key, slot, place, counters: [...counters] }));
}

describe('the pools of sessions', () => {
  for (const version of OBJECT_BUILDS) {
    it(`reads each session's tags through its own page tables: ${version}`, async () => {
      const generated = generateMemory(plan(version));
      const { sessionPools, entrySize } = generated.truth;
      const found = await read(generated);
      assert.deepEqual(
        found.sessions.map(({ id, size, root }) => ({ id, size, root: Number(root) })),
        sessionPools.map(({ session, size, root }) => ({ id: session, size, root })),
      );
      for (const truth of sessionPools)
        assert.deepEqual(actualTags(found, truth.session), expectedTags(truth, entrySize), `session ${truth.session}`);
      for (const { facts } of found.sessions)
        assert.deepEqual(
          facts.map(({ outcome }) => outcome),
          ['held', 'held', 'held'],
        );
      for (const { tags } of found.sessions)
        for (const { key, complete, consistency } of tags)
          assert.equal(complete, consistency !== 'impossible', tagName(key));
    });
  }

  it('tells the size of a table by the hash law where no variable says it', async () => {
    const generated = generateMemory(plan('10.0.19041.388'));
    const found = await read(generated);
    assert.deepEqual(
      found.sessions.map(({ id, size }) => ({ id, size })),
      [
        { id: 0, size: 256 },
        { id: 1, size: 256 },
      ],
    );
    for (const session of [0, 1])
      assert.deepEqual(
        actualTags(found, session),
        expectedTags(generated.truth.sessionPools[session]!, generated.truth.entrySize),
      );
    // Session 2 has no tags: nothing tells how large its table is.
    assert.match(found.notes.join('\n'), /how many entries its table has is not known, and 0 keys do not tell/);
  });

  it('says what it lacks of a kernel that nobody has symbols for', async () => {
    const { rva, ...build } = listedBuild('10.0.19041.1466');
    const generated = generateMemory(plan('10.0.19041.1466', { build: { ...build, rva, guid: 'F'.repeat(32) } }));
    const found = await readingsOf(await walkBuffer(rawBuffer(generated))).sessionPools();
    assert.ok(isMissing(found));
    assert.match(found.missing, /the address of ExpSessionPoolTrackTable is not known/);
  });

  it('says that later kernels count no pool by session', async () => {
    const build = { ...listedBuild('10.0.22000.1219'), version: '10.0.26100.1', guid: 'E'.repeat(32) };
    const generated = generateMemory({ build });
    const found = await readingsOf(await walkBuffer(rawBuffer(generated))).sessionPools();
    assert.ok(isMissing(found));
    assert.match(found.missing, /^Windows build 26100 counts no pool by session/);
  });

  it('reads what is there when a page of a table is missing, and says how much is not', async () => {
    const generated = generateMemory(plan('10.0.19041.1466'));
    const truth = generated.truth.sessionPools[0]!;
    generated.memory.pages.delete(truth.pages[1]! / PAGE);
    generated.memory.lost.add(truth.pages[1]! / PAGE);
    const found = await read(generated, (memory) => crashDumpBuffer(memory, { dumpType: 5 }));
    const onPage = ({ slot }: { slot: number }): boolean => {
      const [first, last] = [slot * 56, slot * 56 + 55];
      return Math.floor(first / PAGE) !== 1 && Math.floor(last / PAGE) !== 1;
    };
    const readable = { ...truth, entries: truth.entries.filter(onPage) };
    assert.deepEqual(actualTags(found, truth.session), expectedTags(readable, 56));
    assert.ok(found.notes.includes('session 0: 1 of 4 pages of its table are missing'), found.notes.join('\n'));
  });

  it('refuses a table that is of another session, or is none', async () => {
    const generated = generateMemory(plan('10.0.17763.3770'));
    const [first, second] = generated.truth.sessionPools;
    // Session 1's processes are seen through session 0's page tables: smear, or a root that was used again.
    const { objects, build } = generated.truth;
    for (const { plan: one, address } of objects!.processes)
      if (one.session === second!.session) generated.space.writeU64(address + 40n, BigInt(first!.root));
    assert.ok(build.version.startsWith('10.0.17763'));
    const found = await read(generated);
    assert.deepEqual(
      found.sessions.map(({ id }) => id),
      [0, 2],
    );
    assert.match(found.notes.join('\n'), /identity failed: the structure before the table is that of session 0/);
  });

  it('marks a tag that does not stand where the law puts it', async () => {
    const generated = generateMemory(plan('10.0.17763.3770'));
    const truth = generated.truth.sessionPools[0]!;
    const [entry] = truth.entries;
    const at = entry!.slot * 56;
    generated.memory.write(truth.pages[Math.floor(at / PAGE)]! + (at % PAGE), Buffer.from('XyZ1'));
    const found = await read(generated);
    const { tags } = found.sessions[0]!;
    assert.equal(tags.find(({ slot }) => slot === entry!.slot)!.complete, false);
    // Whatever wrote there has touched the page: rows wholly on it are doubtful with it.
    const page = Math.floor(at / PAGE);
    const beside = tags.filter(({ slot }) => Math.floor((slot * 56) / PAGE) === page);
    assert.ok(beside.length > 1);
    assert.ok(beside.every(({ complete }) => !complete));
    assert.match(found.notes.join('\n'), /^session 0: 1 tags of its table do not stand where the hash law puts them/);
  });

  it('is exact for any number of tags', async () => {
    await assertAsyncProperty(
      fc.asyncProperty(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 0, max: 400 }), async (seed, count) => {
        const generated = generateMemory(
          plan('10.0.22000.1219', { sessionPools: pools(80, [count], seed), memoryBytes: 48 * 2 ** 20 }),
        );
        const found = await read(generated);
        const [truth] = generated.truth.sessionPools;
        assert.deepEqual(actualTags(found, 0), expectedTags(truth!, 80));
      }),
      { numRuns: 12 },
    );
  });
});
