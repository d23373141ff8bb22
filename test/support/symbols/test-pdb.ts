import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { KernelBuild } from '../generate/kernel/kernel-builds.js';

/** Program databases made by clang and lld, for x64, x86 and ARM64. See test/kernel/symbols/pdbs/make.sh. */
export type TestPdb = 'ntkrnlmp' | 'ntkrpamp' | 'ntkrla57';

/** The bytes of a program database. */
export function testPdb(name: TestPdb): Buffer {
  return gunzipSync(readFileSync(new URL(`../../kernel/symbols/pdbs/${name}.pdb.gz`, import.meta.url)));
}

/** Identity of the x64 one. */
export const NTKRNLMP = { name: 'ntkrnlmp.pdb', guid: '0A15D0ABBD98834E4C4C44205044422E', age: 1 } as const;

/** Variables that the generator writes and the program database does not name. */
const FURTHER = {
  KdDebuggerDataBlock: 0x200000,
  KdpDataBlockEncoded: 0x200800,
  KiWaitNever: 0x200808,
  KiWaitAlways: 0x200810,
  NtBuildLab: 0x200820,
};

/** A kernel to generate that lies where the x64 program database says. */
export function buildOfPdb(rva: Readonly<Record<string, number>>): KernelBuild {
  return {
    version: '10.0.17763.1',
    pdb: NTKRNLMP.name,
    guid: NTKRNLMP.guid,
    age: NTKRNLMP.age,
    arch: 'x64',
    trackerEntry: { size: 56 },
    tagTablesCapacity: 64,
    rva: { ...FURTHER, ...rva },
  };
}

/** A cabinet with one file, stored or compressed as MSZIP by `pack`: blocks of 32 KiB. */
export function cabinetOf(bytes: Buffer, method: number, pack: (block: Buffer, before: Buffer) => Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 0x8000) {
    const block = bytes.subarray(at, at + 0x8000);
    const packed = pack(block, bytes.subarray(Math.max(0, at - 0x8000), at));
    const head = Buffer.alloc(8);
    head.writeUInt16LE(packed.length, 4);
    head.writeUInt16LE(block.length, 6);
    blocks.push(head, packed);
  }
  const file = Buffer.concat([Buffer.alloc(16), Buffer.from('kernel.pdb\0', 'latin1')]);
  file.writeUInt32LE(bytes.length, 0);
  const header = Buffer.alloc(44);
  header.write('MSCF', 0, 'latin1');
  header.writeUInt32LE(44, 16);
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(1, 28);
  header.writeUInt32LE(44 + file.length, 36);
  header.writeUInt16LE(blocks.length / 2, 40);
  header.writeUInt16LE(method, 42);
  const cabinet = Buffer.concat([header, file, ...blocks]);
  cabinet.writeUInt32LE(cabinet.length, 8);
  return cabinet;
}
