import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { IMAGE_FORMATS, keepsWrapper } from '../../src/image/formats.js';
import { openBytes } from '../../src/source/open-source.js';
import { ByteStream } from '../../src/source/stream/byte-stream.js';
import { detectWrapper, unwrap } from '../../src/source/wrapper/wrappers.js';
import { type Answer, answerOfSource, answerOfStream, piecesOf, pipeOf } from '../support/expect/answers.js';
import { tinyMemory } from '../support/fuzz/tiny-memory.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { affBuffer } from '../support/write/evidence/aff.js';
import { aff4Buffer } from '../support/write/evidence/aff4.js';
import { crashDump32Buffer } from '../support/write/crash-dump/crash-dump-32.js';
import { crashDumpBuffer } from '../support/write/crash-dump/crash-dump.js';
import { rdmpBuffer } from '../support/write/crash-dump/rdmp.js';
import { zdmpBuffer } from '../support/write/crash-dump/zdmp.js';
import { elf32Buffer } from '../support/write/elf/elf-32.js';
import { elfCoreBuffer } from '../support/write/elf/elf-core.js';
import { xenCoreBuffer } from '../support/write/elf/xen-core.js';
import { ewfBuffers } from '../support/write/evidence/ewf.js';
import { hibernation7Buffer, hibernationBuffer } from '../support/write/hibernation.js';
import { hpakBuffer } from '../support/write/hpak.js';
import { flattened, kdumpBuffer } from '../support/write/kdump.js';
import { avmlBuffer } from '../support/write/lime/avml.js';
import { limeBuffer } from '../support/write/lime/lime.js';
import { rawBuffer } from '../support/write/raw.js';
import { savevmBuffer } from '../support/write/savevm.js';
import { vmemBuffer, vmwareStateBuffer } from '../support/write/vmware.js';
import { virtualBoxBuffer } from '../support/write/virtualbox.js';
import { vmrsBuffer } from '../support/write/vmrs.js';
import { zip64 } from '../support/write/zip.js';

/** A file, its name, and what lies beside it. */
interface Case {
  readonly name: string;
  readonly bytes: Buffer;
  readonly beside?: Readonly<Record<string, Buffer>>;
}

const memory = tinyMemory();

function withoutAddresses(core: Buffer): Buffer {
  const copy = Buffer.from(core);
  for (let index = 0; index < copy.readUInt16LE(0x38); index++) copy.writeBigUInt64LE(0n, 64 + 56 * index + 24);
  return copy;
}

function limeOfVersion(version: number): Buffer {
  const file = limeBuffer(memory);
  file.writeUInt32LE(version, 4);
  return file;
}

const one = (name: string, ...files: readonly Buffer[]): Case[] => files.map((bytes) => ({ name, bytes }));

/** By format: files of every form that differs in how it is read. A format without any fails. */
const CASES: Readonly<Record<string, readonly Case[]>> = {
  'crash-dump-64': one(
    'memory.dmp',
    crashDumpBuffer(memory),
    crashDumpBuffer(memory, { dumpType: 5 }),
    rdmpBuffer(memory, { dumpType: 8 }),
    rdmpBuffer(memory, { dumpType: 10 }),
  ),
  'crash-dump-32': one('memory.dmp', crashDump32Buffer(memory), crashDump32Buffer(memory, 5)),
  kdump: one(
    'memory.kdump',
    kdumpBuffer(memory),
    flattened(kdumpBuffer(memory)),
    kdumpBuffer(memory, { narrow: true }),
  ),
  'xen-core': one('memory.core', xenCoreBuffer(memory), xenCoreBuffer(memory, '.xen_p2m')),
  'elf-core': one(
    'memory.elf',
    elfCoreBuffer(memory),
    elfCoreBuffer(memory, { addressIn: 'vaddr' }),
    withoutAddresses(elfCoreBuffer(memory, { segmentBytes: 0x1000 })),
    elf32Buffer(memory),
    elf32Buffer(memory, { countInSection: true }),
  ),
  lime: one('memory.lime', limeBuffer(memory), limeOfVersion(2)),
  avml: one('memory.avml', avmlBuffer(memory)),
  ewf: ((): Case[] => {
    const [first, ...others] = ewfBuffers(rawBuffer(memory), 1);
    const beside = Object.fromEntries(others.map((bytes, index) => [`memory.E0${index + 2}`, bytes]));
    return [
      ...one('memory.E01', ewfBuffers(rawBuffer(memory), 100)[0]!),
      { name: 'memory.E01', bytes: first!, beside },
    ];
  })(),
  aff: one('memory.aff', affBuffer(rawBuffer(memory)), affBuffer(rawBuffer(memory), { noSize: true })),
  aff4: one('memory.aff4', aff4Buffer(memory), aff4Buffer(memory, { method: 'stored', direct: true })),
  'vmware-snapshot': one('memory.vmsn', vmwareStateBuffer(memory, { inside: true })),
  'qemu-savevm': one('memory.state', savevmBuffer(memory), savevmBuffer(memory, { isPaused: true })),
  'virtualbox-sav': one('memory.sav', virtualBoxBuffer(memory), virtualBoxBuffer(memory, { isLive: true })),
  'hyperv-vmrs': one('memory.vmrs', vmrsBuffer(memory)),
  hibernation: one('hiberfil.sys', hibernationBuffer(memory), hibernation7Buffer(memory)),
  zdmp: one('memory.zdmp', zdmpBuffer(crashDumpBuffer(memory))),
  hpak: one('memory.hpak', hpakBuffer(memory)),
  'vmware-vmem': [
    { name: 'memory.vmem', bytes: vmemBuffer(memory), beside: { 'memory.vmss': vmwareStateBuffer(memory) } },
  ],
  raw: one('memory.raw', rawBuffer(memory)),
};

/** A stream of bare pages has the container's own headers among them: a table is in none of them. */
const MAX_HEADER_PAGES = 3;

/** A wrapper that is read as a stream, and one that keeps random access. */
const WRAPS: Readonly<Record<string, (one: Case) => Buffer>> = {
  gz: ({ bytes }) => gzipSync(bytes),
  zip: ({ name, bytes }) => zip64([{ name, bytes }]),
};

function hashes(answer: Answer): string[] {
  assert.ok('pages' in answer, 'message' in answer ? answer.message : '');
  return [...answer.pages.values()];
}

describe('every container format, as a file and through a pipe, wrapped or not', () => {
  const folder = temporaryFolder();
  let made = 0;

  /** Of a file on disk, with its companions beside it. */
  async function fromDisk({ name, bytes, beside = {} }: Case, spool?: string): Promise<Answer> {
    const own = folder.path(`case-${made++}`);
    mkdirSync(own);
    for (const [file, content] of Object.entries({ ...beside, [name]: bytes }))
      writeFileSync(`${own}/${file}`, content);
    const opened = await openBytes(`${own}/${name}`, keepsWrapper, spool);
    try {
      return opened instanceof ByteStream ? await answerOfStream(opened) : await answerOfSource(opened);
    } finally {
      await opened.close();
    }
  }

  /** The same, or without addresses; or refused by the format's name, with the way out. */
  function requireSame(pipe: Answer, file: Answer, what: string): void {
    if ('code' in file) {
      assert.ok('code' in pipe, `${what}: read from a pipe only`);
      assert.equal(pipe.code, file.code, `${what}: ${pipe.message}`);
    } else if ('pages' in pipe) {
      const told = [...pipe.pages.keys()].every((key) => typeof key === 'number');
      if (told) assert.deepEqual(pipe.pages, file.pages, what);
      else {
        const wanted = hashes(file);
        const found = hashes(pipe);
        assert.deepEqual(
          found.filter((hash) => wanted.includes(hash)),
          wanted,
          what,
        );
        assert.ok(found.length <= wanted.length + MAX_HEADER_PAGES, `${what}: ${found.length} pages`);
      }
    } else {
      assert.equal(pipe.code, 'FORMAT_REFUSED', `${what}: ${pipe.message}`);
      assert.match(`${pipe.message} ${pipe.hint ?? ''}`, /--spool|copy it to a file|name it as a file/, what);
    }
  }

  it('has a case of each', () => {
    assert.deepEqual(
      Object.keys(CASES),
      IMAGE_FORMATS.map(({ name }) => name),
    );
  });

  for (const [format, cases] of Object.entries(CASES))
    it(`${format}: the same pages, or a refusal by name`, async () => {
      for (const [index, each] of cases.entries()) {
        const what = `${format}, case ${index}`;
        const file = await fromDisk(each);
        if ('pages' in file) assert.ok(file.pages.size >= 4, `${what}: ${file.pages.size} pages`);
        requireSame(await answerOfStream(pipeOf('the pipe', each.bytes)), file, `${what}, a pipe`);
        for (const [wrapper, wrap] of Object.entries(WRAPS)) {
          const wrapped = { ...each, name: `${each.name}.${wrapper}`, bytes: wrap(each) };
          // Companions are not in the wrapper with it: nobody keeps them so.
          if (each.beside !== undefined) continue;
          requireSame(await fromDisk(wrapped), file, `${what}, ${wrapper} as a file`);
          const pieces = unwrap(detectWrapper(wrapped.bytes)!, piecesOf(wrapped.bytes), 'the pipe');
          const pipe = await answerOfStream(new ByteStream('the pipe', null, pieces));
          requireSame(pipe, file, `${what}, ${wrapper} through a pipe`);
          const spooled = await fromDisk(wrapped, folder.path('.'));
          requireSame(spooled, file, `${what}, ${wrapper}, spooled`);
          assert.equal('pages' in spooled, 'pages' in file, `${what}, ${wrapper}, spooled`);
        }
      }
    });
});
