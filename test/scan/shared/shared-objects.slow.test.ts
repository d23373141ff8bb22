import assert from 'node:assert/strict';
import { join } from 'node:path';
import { BIGPOOL } from '../../../src/record/schema/record-types.js';
import { OBJECT_COUNT } from '../../../src/record/schema/record-types.js';
import { PROCESS } from '../../../src/record/schema/record-types.js';
import { rowsOf } from '../../../src/record/rows/rows.js';
import type { RecordType, Row } from '../../../src/record/schema/record-type.js';
import { decodeScan } from '../../../src/scan/scan.js';
import { openScan } from '../../../src/scan/open-scan.js';
import type { ScanOptions } from '../../../src/scan/scan.js';
import {
  hasSharedImages,
  SHARED,
  sharedImage,
  sharedImageNames,
  sharedTruth,
  withoutSharedImages,
} from '../../support/shared/images.js';
import { notReadYet, readsShared } from '../../support/shared/not-read-yet.js';

interface ObjectTruth {
  readonly processes: readonly {
    readonly va: string;
    readonly pid: number;
    readonly ppid: number;
    readonly name: string;
    readonly dtb: string;
    readonly createTime: string;
    readonly exitTime: string;
    readonly threads: number;
    readonly linked: boolean;
  }[];
  readonly modules: readonly unknown[];
  readonly bigPages: {
    readonly entries: readonly {
      readonly va: string;
      readonly key: number;
      readonly bytes: number;
      readonly poolType: number;
      readonly free: boolean;
      readonly slot: number;
    }[];
  };
}

function objectTruth(image: string): ObjectTruth {
  return sharedTruth(image) as unknown as ObjectTruth;
}

async function recordsOf(image: string, types: readonly RecordType[], options: ScanOptions = {}): Promise<Row[][]> {
  const scan = await openScan(sharedImage(image), { cache: false, ...options });
  try {
    const decoded = await decodeScan(scan);
    const all: Row[][] = [];
    for (const type of types) {
      const rows: Row[] = [];
      for await (const row of rowsOf(type, decoded)) rows.push(row);
      all.push(rows);
    }
    return all;
  } finally {
    await scan.close();
  }
}

/** A FILETIME as records have it. */
function milliseconds(fileTime: string): number | null {
  return fileTime === '0' ? null : Number(BigInt(fileTime) / 10_000n - 11_644_473_600_000n);
}

function checkProcesses(rows: readonly Row[], truth: ObjectTruth): void {
  const expected = truth.processes.map((process) => ({
    address: process.va,
    pid: process.pid,
    ppid: process.ppid,
    name: process.name,
    create_time: milliseconds(process.createTime),
    exit_time: milliseconds(process.exitTime),
    page_table_root: process.dtb,
    seen_by_psactiveprocesshead: process.linked,
    seen_by_pspcidtable: process.exitTime === '0',
    seen_by_csrss: null,
    seen_by_sessions: null,
    seen_by_handles: null,
  }));
  // Without symbols, a count of threads needs lists of threads, which these images do not have.
  for (const [index, row] of rows.entries())
    if (row.threads !== null)
      assert.equal(row.threads, truth.processes.find(({ pid }) => pid === row.pid)?.threads, String(index));
  const actual = rows.map((row) => Object.fromEntries(Object.keys(expected[0]!).map((name) => [name, row[name]])));
  assert.deepEqual(
    actual,
    expected.sort((a, b) => a.pid - b.pid),
  );
}

function checkCounts(rows: readonly Row[], truth: ObjectTruth): void {
  const of = (kind: string, method: string): Row => rows.find((row) => row.kind === kind && row.method === method)!;
  const list = of('process', 'PsActiveProcessHead');
  assert.equal(list.found, truth.processes.filter(({ linked }) => linked).length);
  assert.equal(
    list.tag_outstanding,
    BigInt(truth.processes.length),
    'every process, hidden and ended ones too, is a Proc allocation',
  );
  assert.equal(list.difference, -BigInt(truth.processes.filter(({ linked }) => !linked).length));
  assert.equal(list.unreadable, 0);
  assert.equal(of('process', 'PspCidTable').found, truth.processes.filter(({ exitTime }) => exitTime === '0').length);
  assert.equal(of('module', 'PsLoadedModuleList').found, truth.modules.length);
  // These images have no sessions and no handle entries: each method must say what it did not find.
  for (const method of ['CSRSS', 'Sessions', 'Handles']) {
    assert.equal(of('process', method).available, false);
    assert.match(
      String(of('process', method).reason),
      /csrss\.exe has no handle table|TableCode is 0|none of \d+ (processes|handle tables)|not available for this build: the offset of/,
    );
  }
}

describe('objects of images made by others', () => {
  const names = sharedImageNames().filter((name) => !name.startsWith('reactos'));
  if (!hasSharedImages) withoutSharedImages('processes, object counts and big allocations');

  for (const name of names) {
    it(`are those of the truth: ${name}${notReadYet(name, 'objects')}`, function () {
      return readsShared(this, name, 'objects', () => assertObjects(name));
    });

    it(`are those of the truth without any list or symbol file: ${name}${notReadYet(name, 'objects')}`, function () {
      return readsShared(this, name, 'objects', () => assertObjects(name, { knownBuilds: false }));
    });
  }

  async function assertObjects(name: string, options: ScanOptions = {}): Promise<void> {
    const truth = objectTruth(name);
    const [processes, counts, big] = await recordsOf(name, [PROCESS, OBJECT_COUNT, BIGPOOL], options);
    checkProcesses(processes!, truth);
    checkCounts(counts!, truth);
    const listed = big!.map(({ address, key, bytes, pool_type, free }) => ({
      va: address,
      key,
      bytes: Number(bytes),
      poolType: pool_type,
      free,
    }));
    const expected = [...truth.bigPages.entries]
      .sort((a, b) => a.slot - b.slot)
      .map(({ va, key, bytes, poolType, free }) => ({ va, key, bytes, poolType, free }));
    assert.deepEqual(listed, expected);
  }

  if (hasSharedImages) {
    it('are the same by a symbol file', async () => {
      const truth = objectTruth('win81-9600.raw');
      const [processes, counts] = await recordsOf('win81-9600.raw', [PROCESS, OBJECT_COUNT], {
        symbols: join(SHARED, 'isf'),
        locate: 'symbols',
      });
      checkProcesses(processes!, truth);
      checkCounts(counts!, truth);
    });
  }
});
