import assert from 'node:assert/strict';
import { findLoadedModules, type LoadedModules } from '../../src/kernel/objects/loaded-modules.js';
import { generateMemory } from '../support/generate/memory.js';
import type { GeneratedMemory, MemoryPlan } from '../support/generate/memory-plan.js';
import { writeModules, type WrittenModule } from '../support/generate/kernel/module-writer.js';
import { openWalk } from '../support/expect/generated-scan.js';
import { rawBuffer } from '../support/write/raw.js';

const DRIVERS = ['hal.dll', 'tcpip.sys', 'mydrv.sys'].map((name) => ({ name, bytes: Buffer.alloc(0x1800, name) }));

interface Loaded {
  readonly generated: GeneratedMemory;
  readonly written: readonly WrittenModule[];
  find(symbols?: 'no symbols'): Promise<LoadedModules | null>;
}

function load(plan: MemoryPlan = {}): Loaded {
  const generated = generateMemory({ memoryBytes: 32 << 20, ...plan });
  return {
    generated,
    written: writeModules(generated, DRIVERS),
    async find(symbols) {
      const scan = await openWalk(rawBuffer(generated));
      return findLoadedModules(scan.kernel, symbols === undefined ? scan.located.symbols : null);
    },
  };
}

function assertModules(found: LoadedModules | null, written: readonly WrittenModule[], whole: boolean): void {
  assert.deepEqual(
    found?.modules.map(({ name, base, size }) => ({ name, base, size })),
    written.map(({ name, base, size }) => ({ name, base, size })),
  );
  assert.equal(found?.whole, whole);
}

describe('loaded modules', () => {
  it('are found by the symbols of a known build, in load order', async () => {
    const { written, find } = load({ kdbg: 'absent' });
    assertModules(await find(), written, true);
  });

  it('are found by the debugger block alone', async () => {
    const { written, find } = load({ kdbg: 'plain' });
    assertModules(await find('no symbols'), written, true);
  });

  it('are found where nothing tells where the list is: this kernel is on it', async () => {
    const { written, find } = load({ build: 'unknown', kdbg: 'absent' });
    assertModules(await find(), written, true);
  });

  it('are not taken from a list without this kernel', async () => {
    const { generated, written, find } = load();
    generated.space.writeU64(written[0]!.entry + 0x30n, 0xfffff80000000000n);
    assert.equal(await find(), null);
  });

  it('are all found where a link forward is torn, by the links back', async () => {
    const { generated, written, find } = load();
    generated.space.writeU64(written[1]!.entry, 0x1000n);
    assertModules(await find(), written, false);
  });

  it('end where both ways are torn', async () => {
    const { generated, written, find } = load();
    generated.space.writeU64(written[0]!.entry, 0n);
    generated.space.writeU64(written[3]!.entry + 8n, 0n);
    assertModules(await find(), [written[0]!, written[3]!], false);
  });

  it('end where the ring leads back into itself', async () => {
    const { generated, written, find } = load();
    generated.space.writeU64(written[2]!.entry, written[0]!.entry);
    assertModules(await find(), written, false);
  });

  it('leave out an entry whose size cannot be, and say so', async () => {
    const { generated, written, find } = load();
    generated.space.writeU64(written[2]!.entry + 0x40n, 0xffffffffn);
    assertModules(
      await find(),
      written.filter((_, index) => index !== 2),
      false,
    );
  });

  it('are called ? where the name cannot be read', async () => {
    const { generated, written, find } = load();
    generated.space.writeU64(written[2]!.entry + 0x60n, 0x1000n);
    assertModules(
      await find(),
      written.map((module, index) => (index === 2 ? { ...module, name: '?' } : module)),
      true,
    );
  });
});
