import { PAGE_SIZE } from '../address.js';
import { PoolTrackerError } from '../errors.js';
import { fileNameOf, readBytes, type Source } from '../source/source.js';

/** A kind of file that people name by mistake, and what to do about it. */
interface WrongKind {
  /** As in "is a 7-Zip archive". */
  readonly title: string;
  /** The way out, in one clause. */
  readonly hint: string;
  /** @param head the first PROBE_LENGTH bytes @param name the file's name alone, in small letters */
  claims(head: Buffer, name: string): boolean;
}

const ARCHIVE = 'unpack it and name the memory image in it';
const DISK = 'name an image of the memory; of a virtual machine that is its saved state or snapshot, not its disk';
const RECORDS = 'it holds no memory image; pool-tracker convert, query and diff read records';
const ANY = 'name a memory image: raw, crash dump, ELF core, LiME or another listed by pool-tracker scan --help';

/** By the bytes at an offset. */
function magic(title: string, hint: string, bytes: string | readonly number[], at = 0): WrongKind {
  const wanted = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes);
  return { title, hint, claims: (head) => head.subarray(at, at + wanted.length).equals(wanted) };
}

function named(title: string, hint: string, pattern: RegExp): WrongKind {
  return { title, hint, claims: (_head, name) => pattern.test(name) };
}

/** Maximum size of an executable: a part of memory may well begin with the page of one. */
const MAX_EXECUTABLE = 1 << 29;

/** Signatures as the formats' documentation gives them. */
const WRONG_KINDS: readonly WrongKind[] = [
  magic(
    'a minidump (of a process, or a small memory dump)',
    'it holds no kernel pool; a kernel or complete memory dump does (MEMORY.DMP)',
    'MDMP',
  ),
  magic('a 7-Zip archive', ARCHIVE, [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]),
  magic('a cabinet', `${ARCHIVE} (expand, cabextract)`, 'MSCF\0\0\0\0'),
  magic('a RAR archive', ARCHIVE, [0x52, 0x61, 0x72, 0x21, 0x1a, 0x07]),
  magic('a Windows imaging file (WIM)', ARCHIVE, 'MSWIM\0\0\0'),
  { title: 'an ARJ archive', hint: ARCHIVE, claims: isArj },
  { title: 'an LHA archive', hint: ARCHIVE, claims: (head) => /^-l[hz][0-9ds]-$/.test(head.toString('latin1', 2, 7)) },
  magic('a file of compress (.Z)', 'unpack it first: uncompress, gzip -d', [0x1f, 0x9d]),
  { title: 'an lzma file', hint: 'unpack it first: xz -d', claims: isLzma },
  named('a brotli file', 'unpack it first: brotli -d', /\.br$/),
  magic('a part of a split zip archive', `join its parts, then ${ARCHIVE}`, 'PK\x07\x08'),
  magic('an event log (EVTX)', ANY, 'ElfFile\0'),
  magic('an event log (EVT)', ANY, 'LfLe', 4),
  magic('a registry hive', ANY, 'regf'),
  magic('a program database (PDB)', 'give it with --symbols, beside the memory image', 'Microsoft C/C++ MSF'),
  magic('a VMware disk (VMDK)', DISK, 'KDMV'),
  magic('a VMware disk (VMDK)', DISK, 'COWD'),
  magic('the descriptor of a VMware disk (VMDK)', DISK, '# Disk DescriptorFile'),
  magic('a Hyper-V disk (VHDX)', DISK, 'vhdxfile'),
  magic('a virtual disk (VHD)', DISK, 'conectix'),
  magic('a VirtualBox disk (VDI)', DISK, [0x7f, 0x10, 0xda, 0xbe], 0x40),
  magic(
    'a QEMU disk (qcow2)',
    'name an image of the memory; a snapshot inside comes out with qemu-img and the monitor, or virsh dump',
    'QFI\xfb',
  ),
  magic(
    'a Proxmox backup (VMA)',
    'unpack it: vma extract FILE FOLDER; where it was made of a running machine with its memory, that is vmstate in it',
    'VMA\0',
  ),
  magic('an NTFS volume, a disk image', DISK, 'NTFS    ', 3),
  magic('a BitLocker volume, a disk image', DISK, '-FVE-FS-', 3),
  { title: 'a disk image with partitions', hint: DISK, claims: isPartitioned },
  magic('a Parquet file', RECORDS, 'PAR1'),
  magic('an Arrow file', RECORDS, 'ARROW1'),
  { title: 'text in JSON', hint: RECORDS, claims: (head) => isText(head) && /^\s*[{[]/.test(head.toString('latin1')) },
  magic('an SQLite database', ANY, 'SQLite format 3\0'),
  magic('an ESE database', ANY, [0xef, 0xcd, 0xab, 0x89], 4),
  magic('a PDF document', ANY, '%PDF-'),
  magic('a picture (PNG)', ANY, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a]),
  magic('a picture (JPEG)', ANY, [0xff, 0xd8, 0xff]),
  magic('a picture (GIF)', ANY, 'GIF8'),
  magic('a prefetch file', ANY, 'SCCA', 4),
  magic('a compressed prefetch file', ANY, 'MAM\x04'),
  magic('a shortcut (LNK)', ANY, [0x4c, 0, 0, 0, 0x01, 0x14, 0x02, 0]),
  magic('an ELF program, no core', ANY, [0x7f, 0x45, 0x4c, 0x46]),
  { title: 'text in UTF-16', hint: ANY, claims: isWideText },
  { title: 'text', hint: ANY, claims: isText },
  named('a trace (ETL)', ANY, /\.etl$/),
  named(
    'a page file',
    'it holds pages of memory, but neither page tables nor pool: name a memory image, or carve it all the same with --method carve',
    /(^|[^a-z])pagefile(\.sys)?$/,
  ),
  named(
    'a swap file of apps (swapfile.sys)',
    'it holds pages of memory, but neither page tables nor pool: name a memory image, or carve it all the same with --method carve',
    /(^|[^a-z])swapfile(\.sys)?$/,
  ),
];

const PRINTABLE_SHARE_OF_TEXT = 0.95;

const isPrintable = (byte: number): boolean => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte !== 127);

/** Text in ASCII or an extension of it, with at most a few other bytes. */
function isText(head: Buffer): boolean {
  const start = head.subarray(0, PAGE_SIZE);
  let ascii = 0;
  for (const byte of start) if (byte < 127 && isPrintable(byte)) ascii++;
  return start.length > 0 && ascii > start.length * PRINTABLE_SHARE_OF_TEXT;
}

function isWideText(head: Buffer): boolean {
  const [first, second] = head;
  const low = first === 0xff && second === 0xfe ? 0 : first === 0xfe && second === 0xff ? 1 : -1;
  if (low < 0) return false;
  const units = Math.floor(Math.min(head.length, PAGE_SIZE) / 2);
  let printable = 0;
  for (let unit = 1; unit < units; unit++)
    if (head[unit * 2 + 1 - low] === 0 && isPrintable(head[unit * 2 + low]!)) printable++;
  return printable > (units - 1) * PRINTABLE_SHARE_OF_TEXT;
}

/** A master boot record whose entries make sense, or a GUID partition table. Page 0 of memory is the firmware's. */
function isPartitioned(head: Buffer): boolean {
  if (head.length < 0x400 || head.readUInt16BE(510) !== 0x55aa) return false;
  if (head.toString('latin1', 512, 520) === 'EFI PART') return true;
  let used = 0;
  for (let at = 446; at < 510; at += 16) {
    const [active, type, start, count] = [
      head[at],
      head[at + 4],
      head.readUInt32LE(at + 8),
      head.readUInt32LE(at + 12),
    ];
    if (active !== 0 && active !== 0x80) return false;
    if (type !== 0 && start > 0 && count > 0) used++;
    else if (type !== 0 || start > 0 || count > 0) return false;
  }
  return used > 0;
}

/** A PE file, by both of its headers. */
function isExecutable(head: Buffer): boolean {
  if (head.length < 0x40 || head.toString('latin1', 0, 2) !== 'MZ') return false;
  const at = head.readUInt32LE(0x3c);
  return at >= 0x40 && at + 4 <= head.length && head.toString('latin1', at, at + 4) === 'PE\0\0';
}

/** ARJ's magic is two bytes: the lengths of its headers must fit as well. */
function isArj(head: Buffer): boolean {
  if (head.length < 36 || head.readUInt16LE(0) !== 0xea60) return false;
  const [basic, first] = [head.readUInt16LE(2), head[4]!];
  return basic <= 2600 && first >= 30 && first < basic;
}

/**
 * LZMA of a size that is told, which has no magic: the name, properties below 225, and a dictionary of 2^n or 2^n +
 * 2^(n-1) bytes. What an lzma file of that name held, and was unpacked, is none.
 */
function isLzma(head: Buffer, name: string): boolean {
  return (
    name.endsWith('.lzma') &&
    head.length > 13 &&
    head[0]! < 225 &&
    /^1[01]0{11,}$/.test(head.readUInt32LE(1).toString(2))
  );
}

const ISO_AT = 0x8001;

/**
 * Names the kind of a file that no image format claims by its bytes, and the way out: better than a search of its pages
 * that ends with nothing.
 * @throws PoolTrackerError NOT_AN_IMAGE
 */
export async function refuseWrongKind(head: Buffer, source: Source): Promise<void> {
  const refuse = (title: string, hint: string): PoolTrackerError =>
    new PoolTrackerError('NOT_AN_IMAGE', `${source.name} is not a memory image: it is ${title}`, {
      hint: `${hint}; --image-format raw reads it as memory all the same`,
    });
  if (source.byteLength === 0)
    throw new PoolTrackerError('NOT_AN_IMAGE', `${source.name} is not a memory image: it is empty`, {
      hint: 'copy the image again',
    });
  const name = fileNameOf(source).toLowerCase();
  const kind = WRONG_KINDS.find((candidate) => candidate.claims(head, name));
  if (kind !== undefined) throw refuse(kind.title, kind.hint);
  if (source.byteLength <= MAX_EXECUTABLE && isExecutable(head))
    throw refuse(
      'an executable or driver (PE), or an archive that unpacks itself',
      'give a folder of drivers with --drivers; unpack an archive and name the memory image in it',
    );
  // A disk of fixed size ends in what others begin with.
  if (name.endsWith('.vhd')) throw refuse('a virtual disk (VHD)', DISK);
  if ((await readBytes(source, ISO_AT, 5)).toString('latin1') === 'CD001') throw refuse('an ISO 9660 disc image', DISK);
}
