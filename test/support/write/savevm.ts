import type { GeneratedMemory } from '../generate/memory-plan.js';
import { PAGE } from '../generate/sparse-memory.js';
import { FileBuilder, padded, u32be, u64be } from '../encode/bytes.js';

const FLAG = { fill: 2, sizes: 4, page: 8, end: 0x10, sameBlock: 0x20 };

export interface SavevmOptions {
  readonly machine?: string;
  /** Of a machine that stands still: each page once. */
  readonly isPaused?: boolean;
  /** Memory in halves of these names, in place of `pc.ram`. */
  readonly nodes?: readonly [string, string];
}

/** A saved state of QEMU in two passes: the first page is sent twice, and the second time holds. */
export function savevmBuffer(
  { memory }: GeneratedMemory,
  { machine = 'pc-i440fx-7.2', isPaused = false, nodes }: SavevmOptions = {},
): Buffer {
  const size = memory.byteLength;
  const file = new FileBuilder();
  file.add(padded('QEVM', 4), u32be(3), Buffer.of(7), u32be(machine.length), Buffer.from(machine));
  file.add(Buffer.of(5), text('configuration/target-page-bits'), u32be(1), u32be(12));
  file.add(Buffer.of(5), text('configuration/capabilities'), u32be(1), u32be(1), text('x-ignore-shared'));
  file.add(Buffer.of(1), u32be(2), text('ram'), u32be(0), u32be(4));
  file.add(
    u64be((size + 0x10000) | FLAG.sizes),
    ...(nodes ?? ['pc.ram']).flatMap((name) => [text(name), u64be(nodes === undefined ? size : size / 2)]),
    text('pc.rom'),
    u64be(0x10000),
    u64be(FLAG.end),
    footer(),
  );
  file.add(Buffer.of(2), u32be(2));
  if (!isPaused) file.add(u64be(FLAG.page), text(nodes?.[0] ?? 'pc.ram'), Buffer.alloc(PAGE, 0xaa));
  for (let at = 0; at < size; at += PAGE) {
    const isSecond = nodes !== undefined && at >= size / 2;
    const address = isSecond ? at - size / 2 : at;
    const page = memory.read(at, PAGE);
    const name = text(nodes?.[isSecond ? 1 : 0] ?? 'pc.ram');
    if (page.every((byte) => byte === page[0])) file.add(u64be(address + FLAG.fill), name, page.subarray(0, 1));
    else file.add(u64be(address + FLAG.page), name, page);
  }
  file.add(u64be(FLAG.end), footer(), Buffer.of(3), u32be(2));
  file.add(u64be(FLAG.page), text('pc.rom'), Buffer.alloc(PAGE, 0x55));
  if (!isPaused) file.add(u64be(FLAG.page), text(nodes?.[0] ?? 'pc.ram'), memory.read(0, PAGE));
  file.add(u64be(FLAG.end), footer());
  file.add(Buffer.of(4), u32be(3), text('timer'), u32be(0), u32be(2), Buffer.alloc(24), Buffer.of(0));
  return file.result();
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.of(value.length), Buffer.from(value)]);
}

function footer(): Buffer {
  return Buffer.concat([Buffer.of(0x7e), u32be(2)]);
}
