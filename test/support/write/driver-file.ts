/** What a driver made for a test says of itself. */
export interface DriverPlan {
  /** Tags that its code loads, as `mov edx, imm32` does. */
  readonly keys: readonly number[];
  /** Texts of its version resource by name; without it there is no resource. */
  readonly texts?: Readonly<Record<string, string>>;
  /** Of VS_FIXEDFILEINFO; zeros by default. */
  readonly version?: readonly [number, number, number, number];
  readonly timeDateStamp?: number;
  /** IMAGE_SUBSYSTEM; 1, native, by default. */
  readonly subsystem?: number;
}

const RESOURCES = 0x2000;
const pad4 = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
const wide = (text: string): Buffer => Buffer.from(`${text}\0`, 'utf16le');

/** A node of VS_VERSIONINFO. */
export function versionNode(key: string, value: Buffer, isText: boolean, children: readonly Buffer[] = []): Buffer {
  const head = pad4(Buffer.concat([Buffer.alloc(6), wide(key)]));
  const node = Buffer.concat([head, children.length > 0 ? pad4(value) : value, ...children]);
  node.writeUInt16LE(node.length, 0);
  node.writeUInt16LE(isText ? value.length / 2 : value.length, 2);
  node.writeUInt16LE(isText ? 1 : 0, 4);
  return pad4(node);
}

/** VS_VERSIONINFO: fixed part and the strings of one language. */
export function versionInfo({ texts = {}, version = [0, 0, 0, 0] }: Omit<DriverPlan, 'keys'>): Buffer {
  const fixed = Buffer.alloc(52);
  fixed.writeUInt32LE(0xfeef04bd, 0);
  for (const [index, part] of version.entries()) fixed.writeUInt16LE(part, 8 + (index ^ 1) * 2);
  const strings = Object.entries(texts).map(([name, text]) => versionNode(name, wide(text), true));
  const table = versionNode('040904b0', Buffer.alloc(0), true, strings);
  return versionNode('VS_VERSION_INFO', fixed, false, [versionNode('StringFileInfo', Buffer.alloc(0), true, [table])]);
}

/** The directories of type 16, name 1, language 0x409, and what they lead to. */
export function resourceSection(data: Buffer): Buffer {
  const directories = [16, 1, 0x409].map((number, level) => {
    const directory = Buffer.alloc(24);
    directory.writeUInt16LE(1, 14);
    directory.writeUInt32LE(number, 16);
    directory.writeUInt32LE(((level < 2 ? 0x80000000 : 0) | (24 * (level + 1))) >>> 0, 20);
    return directory;
  });
  const entry = Buffer.alloc(16);
  entry.writeUInt32LE(RESOURCES + 24 * 3 + 16, 0);
  entry.writeUInt32LE(data.length, 4);
  return Buffer.concat([...directories, entry, data]);
}

/** A PE32+ driver as a file: .text at 0x1000 of the image, .rsrc at 0x2000. */
export function driverFileBytes(plan: DriverPlan): Buffer {
  const text = Buffer.alloc(0x200, 0xcc);
  for (const [index, key] of plan.keys.entries()) {
    text.writeUInt8(0xba, index * 8);
    text.writeUInt32LE(key, index * 8 + 1);
  }
  const resource = plan.texts === undefined ? Buffer.alloc(0) : resourceSection(versionInfo(plan));
  const raw = Buffer.concat([resource, Buffer.alloc(-resource.length & 0x1ff)]);
  const head = Buffer.alloc(0x400);
  head.write('MZ', 0, 'latin1');
  head.writeUInt32LE(0x80, 0x3c);
  head.write('PE\0\0', 0x80, 'latin1');
  head.writeUInt16LE(0x8664, 0x84);
  head.writeUInt16LE(raw.length > 0 ? 2 : 1, 0x86);
  head.writeUInt32LE(plan.timeDateStamp ?? 0x5f000000, 0x88);
  head.writeUInt16LE(240, 0x94);
  const optional = 0x98;
  head.writeUInt16LE(0x20b, optional);
  head.writeUInt32LE(0x3000, optional + 56);
  head.writeUInt16LE(plan.subsystem ?? 1, optional + 68);
  head.writeUInt32LE(16, optional + 108);
  if (raw.length > 0) {
    head.writeUInt32LE(RESOURCES, optional + 112 + 16);
    head.writeUInt32LE(resource.length, optional + 112 + 20);
  }
  const sections = [
    ['.text', 0x1000, text.length, 0x400],
    ['.rsrc', RESOURCES, raw.length, 0x600],
  ] as const;
  for (const [index, [name, rva, size, at]] of sections.entries()) {
    const header = optional + 240 + index * 40;
    head.write(name, header, 'latin1');
    for (const [offset, value] of [
      [8, size],
      [12, rva],
      [16, size],
      [20, at],
    ] as const)
      head.writeUInt32LE(value, header + offset);
  }
  return Buffer.concat([head, text, raw]);
}

/** The same as the loader lays it out in memory. */
export function driverInMemory(plan: DriverPlan): Buffer {
  const file = driverFileBytes(plan);
  const memory = Buffer.alloc(0x3000);
  file.copy(memory, 0, 0, 0x400);
  file.copy(memory, 0x1000, 0x400, 0x600);
  file.copy(memory, RESOURCES, 0x600);
  return memory;
}
