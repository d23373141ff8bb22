import assert from 'node:assert/strict';
import { virtualAddress } from '../../../src/address.js';
import { HeldObjectSearch, type Surveyed } from '../../../src/kernel/objects/held-objects.js';
import type { Process } from '../../../src/kernel/objects/process-reader.js';
import type { KernelLayout } from '../../../src/kernel/symbols/symbols.js';
import type { VirtualMemory } from '../../../src/memory/virtual-memory.js';

describe('who holds objects', () => {
  const processes = Array.from(
    { length: 10 },
    (_, index) => ({ address: virtualAddress(0x1000n * BigInt(index + 1)), pid: index, exitTime: null }) as Process,
  );
  /** Of a memory of which no handle table can be read: nothing of it is asked for. */
  const surveyed: Surveyed = {
    memory: {} as VirtualMemory,
    layout: {} as KernelLayout,
    processes,
    threads: new Set(),
    types: 'not known',
    decoder: 'not known',
    handlesMissing: 'not known',
  };
  const isProcess = (type: string): boolean => type === 'Process';

  it('is told of a bounded number of objects, and how many are left out', async () => {
    const whole = await new HeldObjectSearch(surveyed, 10).ask(isProcess);
    assert.equal(whole.types[0]!.objects.length, 10);
    assert.equal(whole.leftOut, null);
    const cut = await new HeldObjectSearch(surveyed, 7).ask(isProcess);
    assert.equal(cut.types[0]!.objects.length, 7);
    assert.equal(cut.leftOut, 'more than 7 objects: 3 others, or handles to them, are left out');
  });

  it('takes one walk for what is asked twice', async () => {
    const search = new HeldObjectSearch(surveyed);
    const first = search.ask(isProcess);
    assert.equal(
      search.ask((type) => type.startsWith('Proc')),
      first,
    );
    assert.notEqual(
      search.ask(() => true),
      first,
    );
  });
});
