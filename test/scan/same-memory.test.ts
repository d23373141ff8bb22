import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IMAGE_FORMATS } from '../../src/image/formats.js';
import { decodeScan } from '../../src/scan/scan.js';
import { openScan } from '../../src/scan/open-scan.js';
import { sampleMemory } from '../support/images/sample-memory.js';
import { assertTotals } from '../support/expect/generated-scan.js';
import { affBuffer } from '../support/write/evidence/aff.js';
import { aff4Buffer } from '../support/write/evidence/aff4.js';
import { avmlBuffer } from '../support/write/lime/avml.js';
import { crashDumpBuffer } from '../support/write/crash-dump/crash-dump.js';
import { elfCoreBuffer } from '../support/write/elf/elf-core.js';
import { ewfBuffers } from '../support/write/evidence/ewf.js';
import { hibernation7Buffer, hibernationBuffer } from '../support/write/hibernation.js';
import { hpakBuffer } from '../support/write/hpak.js';
import { flattened, kdumpBuffer } from '../support/write/kdump.js';
import { limeBuffer } from '../support/write/lime/lime.js';
import { rawBuffer } from '../support/write/raw.js';
import { rdmpBuffer } from '../support/write/crash-dump/rdmp.js';
import { savevmBuffer } from '../support/write/savevm.js';
import { virtualBoxBuffer } from '../support/write/virtualbox.js';
import { vmemBuffer, vmwareStateBuffer } from '../support/write/vmware.js';
import { vmrsBuffer } from '../support/write/vmrs.js';
import { xenCoreBuffer } from '../support/write/elf/xen-core.js';
import { zdmpBuffer } from '../support/write/crash-dump/zdmp.js';

const generated = sampleMemory();
const { truth } = generated;

/** The same memory in every container: the file to name, and all its files. */
const CONTAINERS: readonly (readonly [format: string, first: string, files: () => Readonly<Record<string, Buffer>>])[] =
  [
    ['raw', 'm.raw', () => ({ 'm.raw': rawBuffer(generated) })],
    ['crash-dump-64', 'full.dmp', () => ({ 'full.dmp': crashDumpBuffer(generated) })],
    ['crash-dump-64', 'bitmap.dmp', () => ({ 'bitmap.dmp': crashDumpBuffer(generated, { dumpType: 5 }) })],
    ['crash-dump-64', 'kernel.dmp', () => ({ 'kernel.dmp': crashDumpBuffer(generated, { dumpType: 6 }) })],
    ['crash-dump-64', 'debugger.dmp', () => ({ 'debugger.dmp': rdmpBuffer(generated, { dumpType: 8 }) })],
    ['zdmp', 'm.zdmp', () => ({ 'm.zdmp': zdmpBuffer(crashDumpBuffer(generated, { dumpType: 6 })) })],
    ['elf-core', 'm.elf', () => ({ 'm.elf': elfCoreBuffer(generated) })],
    ['lime', 'm.lime', () => ({ 'm.lime': limeBuffer(generated) })],
    ['avml', 'm.lime.compressed', () => ({ 'm.lime.compressed': avmlBuffer(generated) })],
    ['kdump', 'm.kdump', () => ({ 'm.kdump': kdumpBuffer(generated, { pages: 'written' }) })],
    ['kdump', 'm.flat', () => ({ 'm.flat': flattened(kdumpBuffer(generated, { method: 'lzo', pages: 'written' })) })],
    ['xen-core', 'm.xen', () => ({ 'm.xen': xenCoreBuffer(generated) })],
    ['qemu-savevm', 'm.state', () => ({ 'm.state': savevmBuffer(generated) })],
    ['virtualbox-sav', 'm.sav', () => ({ 'm.sav': virtualBoxBuffer(generated) })],
    ['hyperv-vmrs', 'm.vmrs', () => ({ 'm.vmrs': vmrsBuffer(generated) })],
    ['vmware-vmem', 'm.vmem', () => ({ 'm.vmem': vmemBuffer(generated), 'm.vmss': vmwareStateBuffer(generated) })],
    ['vmware-snapshot', 'm.vmsn', () => ({ 'm.vmsn': vmwareStateBuffer(generated, { inside: true }) })],
    ['hibernation', 'hiberfil.sys', () => ({ 'hiberfil.sys': hibernationBuffer(generated, 0x3e0) })],
    ['hibernation', 'hiberfil7.sys', () => ({ 'hiberfil7.sys': hibernation7Buffer(generated) })],
    [
      'ewf',
      'm.E01',
      () =>
        Object.fromEntries(ewfBuffers(rawBuffer(generated), 200).map((bytes, index) => [`m.E0${index + 1}`, bytes])),
    ],
    ['aff', 'm.aff', () => ({ 'm.aff': affBuffer(rawBuffer(generated)) })],
    ['aff4', 'm.aff4', () => ({ 'm.aff4': aff4Buffer(generated) })],
    ['hpak', 'm.hpak', () => ({ 'm.hpak': hpakBuffer(generated) })],
  ];

describe('the same memory in every container', () => {
  let folder: string;
  const ids = new Set<string>();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'same-memory-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const [format, first, files] of CONTAINERS) {
    it(`gives the same records and the same id: ${format}, ${first}`, async () => {
      for (const [name, bytes] of Object.entries(files())) await writeFile(join(folder, name), bytes);
      const scan = await openScan(join(folder, first), { cache: false });
      try {
        const decoded = await decodeScan(scan, false);
        assert.equal(decoded.container?.format, format);
        assertTotals(decoded.totals, truth.merged, truth.entrySize);
        ids.add(decoded.imageId);
        assert.equal(ids.size, 1, 'the image id is of the memory and not of its container');
      } finally {
        await scan.close();
      }
    });
  }

  it('covers every format but 32-bit crash dumps, which no x64 memory is in', () => {
    const covered = new Set(CONTAINERS.map(([format]) => format));
    assert.deepEqual(
      IMAGE_FORMATS.map(({ name }) => name).filter((name) => !covered.has(name)),
      ['crash-dump-32'],
    );
  });
});
