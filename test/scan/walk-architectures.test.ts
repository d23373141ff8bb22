import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { LOCATE_WAYS } from '../../src/pool/locate/locate.js';
import { assertTotals, walkBuffer } from '../support/expect/generated-scan.js';
import { generateMemory } from '../support/generate/memory.js';
import { DECOYS, type Decoy, type GeneratedMemory, type MemoryPlan } from '../support/generate/memory-plan.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { crashDump32Buffer } from '../support/write/crash-dump/crash-dump-32.js';
import { crashDumpBuffer } from '../support/write/crash-dump/crash-dump.js';
import { elf32Buffer } from '../support/write/elf/elf-32.js';
import { elfCoreBuffer } from '../support/write/elf/elf-core.js';
import { isfDocument } from '../support/write/isf.js';
import { limeBuffer } from '../support/write/lime/lime.js';
import { rawBuffer } from '../support/write/raw.js';

const MIB = 2 ** 20;
/** What is planted in every kind of machine. */
const PLANTED: readonly Decoy[] = DECOYS.filter((decoy) => decoy !== 'staleLowStub');

const MACHINES: Readonly<Record<string, MemoryPlan>> = {
  'x86, 28-byte entries': { pageTables: 'x86', layout: 28 },
  'x86 with PAE, 28-byte entries': { pageTables: 'x86-pae', layout: 28 },
  'x86 with PAE, 48-byte entries': { pageTables: 'x86-pae', layout: 48 },
  'x86 with PAE, 64-byte entries': { pageTables: 'x86-pae', layout: 64 },
  'ARM64, 56-byte entries': { pageTables: 'arm64', layout: 56 },
  'ARM64, 80-byte entries': { pageTables: 'arm64', layout: 80 },
  'x64 with five levels and its own kernel file': { pageTables: 'x64-la57', build: 'unknown', layout: 80 },
};

const VARIANTS: Readonly<Record<string, MemoryPlan>> = {
  'as it is': {},
  'one processor': { processors: 1 },
  'large pages': { largePages: '2MiB' },
  'transition entries': { transitionPages: true },
  'a table of 4096 slots': { tableSlots: 4096, tagCount: 1500 },
  'an expansion table': { tableSlots: 128, tagCount: 220 },
  'an encoded debugger block': { kdbg: 'encoded' },
  'every decoy': { decoys: PLANTED, memoryBytes: 128 * MIB },
};

function assertKernel(decoded: Awaited<ReturnType<typeof walkBuffer>>, { truth }: GeneratedMemory): void {
  assertTotals(decoded.totals, truth.merged, truth.entrySize);
  assert.equal(decoded.outcome.status, 'ok');
  assert.equal(decoded.tables.processorsSeen, truth.tables.length);
  const { location, architecture, pdb, capturedAt } = decoded.kernel;
  assert.deepEqual(
    [location?.root, location?.base, location?.levels, architecture, pdb?.guid, capturedAt?.getTime()],
    [truth.dtb, truth.kernelBase, truth.levels, truth.build.arch, truth.build.guid, truth.systemTime.getTime()],
  );
}

describe('walking every kind of machine', () => {
  const folder = temporaryFolder();

  for (const [machine, of] of Object.entries(MACHINES)) {
    for (const [variant, plan] of Object.entries(VARIANTS)) {
      it(`finds every tag by every way: ${machine}, ${variant}`, async () => {
        const generated = generateMemory({ ...of, ...plan });
        const bytes = limeBuffer(generated);
        const symbols = folder.path('symbols.json');
        writeFileSync(symbols, JSON.stringify(isfDocument(generated.truth.build)));
        const ids = new Set<string>();
        for (const locate of LOCATE_WAYS) {
          const decoded = await walkBuffer(bytes, { locate, symbols });
          assertKernel(decoded, generated);
          ids.add(decoded.imageId);
        }
        assert.equal(ids.size, 1);
      });
    }
  }

  it('from every container that has it', async () => {
    const containers: [MemoryPlan, ((generated: GeneratedMemory) => Buffer)[]][] = [
      [{ pageTables: 'x86' }, [rawBuffer, elf32Buffer, crashDump32Buffer, elfCoreBuffer]],
      [{ pageTables: 'x86-pae', layout: 48 }, [rawBuffer, elf32Buffer, crashDump32Buffer, elfCoreBuffer]],
      [{ pageTables: 'arm64', layout: 80 }, [crashDumpBuffer, elfCoreBuffer]],
    ];
    for (const [plan, writers] of containers) {
      const generated = generateMemory({ memoryBytes: 24 * MIB, ...plan });
      for (const write of writers) assertKernel(await walkBuffer(write(generated)), generated);
    }
  });
});
