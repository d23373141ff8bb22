const ROM = 0x10000;
/** The reset vector, and what it holds: a far jump to F000:0000, the same bytes below 1 MiB. */
const RESET = { at: 0xfff0, code: [0xea, 0x00, 0x00, 0x00, 0xf0] };
/** Where the ROM's last 64 KiB appear below 1 MiB. */
const BASE = 0xf0000;

const TABLES = { pml4: 0xc000, pdpt: 0xd000, pd: 0xe000 };
const GDT = 0x200;
const LONG_MODE_CODE = 0x100;

/** Present, writable, accessed; for a page also dirty and large: in ROM, no processor can set these. */
const TABLE = 0x23n;
const LARGE_PAGE = 0xe3n;

/**
 * A BIOS of some hundred bytes for a PC: it enters long mode with page tables of its own, loads `root` into CR3 and
 * stops there, since the next instruction is not mapped: a triple fault. Memory stays as it was loaded.
 */
export function bootRom(root: number): Buffer {
  const rom = Buffer.alloc(ROM);
  const put = (offset: number, ...bytes: readonly (number | Uint8Array)[]): void => {
    for (const piece of bytes) {
      const data = typeof piece === 'number' ? Buffer.of(piece) : piece;
      rom.set(data, offset);
      offset += data.length;
    }
  };
  const u32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  put(RESET.at, ...RESET.code);
  put(
    0,
    0xfa, // cli
    0x2e,
    0x66,
    0x0f,
    0x01,
    0x16,
    GDT + 0x20,
    (GDT + 0x20) >> 8, // lgdt cs:[GDT + 0x20]
    0x66,
    0xb8,
    u32(0x20),
    0x0f,
    0x22,
    0xe0, // mov eax, PAE; mov cr4, eax
    0x66,
    0xb8,
    u32(BASE + TABLES.pml4),
    0x0f,
    0x22,
    0xd8, // mov eax, tables; mov cr3, eax
    0x66,
    0xb9,
    u32(0xc0000080),
    0x0f,
    0x32, // mov ecx, EFER; rdmsr
    0x66,
    0x0d,
    u32(0x100),
    0x0f,
    0x30, // or eax, LME; wrmsr
    0x66,
    0xb8,
    u32(0x80000011),
    0x0f,
    0x22,
    0xc0, // mov eax, PG | ET | PE; mov cr0, eax
    0x66,
    0xea,
    u32(BASE + LONG_MODE_CODE),
    0x08,
    0x00, // jmp 8:LONG_MODE_CODE
  );
  put(LONG_MODE_CODE, 0xb8, u32(root), 0x0f, 0x22, 0xd8, 0xf4); // mov eax, root; mov cr3, rax; hlt
  rom.writeBigUInt64LE(0x00af9b000000ffffn, GDT + 8);
  rom.writeUInt16LE(0x0f, GDT + 0x20);
  rom.writeUInt32LE(BASE + GDT, GDT + 0x22);
  rom.writeBigUInt64LE(BigInt(BASE + TABLES.pdpt) | TABLE, TABLES.pml4);
  rom.writeBigUInt64LE(BigInt(BASE + TABLES.pd) | TABLE, TABLES.pdpt);
  rom.writeBigUInt64LE(LARGE_PAGE, TABLES.pd);
  return rom;
}

/** One that leaves the processor in the mode of its first moments and stops it there. */
export function idleRom(): Buffer {
  return shortRom([0xfa, 0xf4]); // cli; hlt
}

/** The pages that `busyRom` writes to again and again. */
export const BUSY = { from: 0x10000, to: 0x90000 };

/**
 * One that counts up eight words in each page from 64 KiB to 576 KiB, forever. Every 16 pages it turns a bit of CR4: where
 * translations are not flushed, QEMU up to 8.1 misses what an emulated processor writes.
 */
export function busyRom(): Buffer {
  return shortRom([
    ...[0xfa, 0xb8, 0x00, 0x10], // cli; start: mov ax, 0x1000
    ...[0x8e, 0xd8], // segment: mov ds, ax
    ...[0x0f, 0x20, 0xe0, 0x34, 0x10, 0x0f, 0x22, 0xe0], // mov eax, cr4; xor al, PSE; mov cr4, eax
    ...[0x31, 0xf6], // xor si, si
    ...[0xff, 0x04, 0x81, 0xc6, 0x00, 0x02, 0x75, 0xf8], // word: inc word [si]; add si, 0x200; jnz word
    ...[0x8c, 0xd8, 0x05, 0x00, 0x10, 0x3d, 0x00, 0x90, 0x75, 0xe2], // mov ax, ds; add ax, 0x1000; cmp ax, 0x9000; jne segment
    ...[0xeb, 0xdd], // jmp start
  ]);
}

function shortRom(code: readonly number[]): Buffer {
  const rom = Buffer.alloc(ROM);
  rom.set(code);
  rom.set(RESET.code, RESET.at);
  return rom;
}
