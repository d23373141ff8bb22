/** 100 ns units since 1601 at the Unix epoch. */
const UNIX_EPOCH = 116444736000000000n;

/** FILETIME of a date. */
export function fileTime(date: Date): bigint {
  return UNIX_EPOCH + BigInt(date.getTime()) * 10000n;
}

/** The page of KUSER_SHARED_DATA: times, versions, system root. */
export function kuserSharedData(values: {
  systemTime: bigint;
  upTime: bigint;
  major: number;
  minor: number;
  build: number;
  processors: number;
  /** 4 KiB pages of RAM; 0: the field is left empty. */
  physicalPages?: number;
  /** IMAGE_FILE_MACHINE; x64. */
  machine?: number;
}): Buffer {
  const page = Buffer.alloc(0x1000);
  page.writeUInt32LE(0x0fa00000, 0x4);
  writeSystemTime(page, 0x08, values.upTime);
  writeSystemTime(page, 0x14, values.systemTime);
  page.writeUInt16LE(values.machine ?? 0x8664, 0x2c);
  page.writeUInt16LE(values.machine ?? 0x8664, 0x2e);
  page.write('C:\\Windows', 0x30, 'utf16le');
  if (values.major >= 10) page.writeUInt32LE(values.build, 0x260);
  page.writeUInt32LE(1, 0x264);
  page.writeUInt8(1, 0x268);
  page.writeUInt32LE(values.major, 0x26c);
  page.writeUInt32LE(values.minor, 0x270);
  page.writeUInt32LE(values.physicalPages ?? 0, 0x2e8);
  page.writeUInt32LE(values.processors, 0x3c0);
  return page;
}

/** KSYSTEM_TIME: low, high, high again. */
function writeSystemTime(page: Buffer, offset: number, time: bigint): void {
  page.writeBigUInt64LE(time, offset);
  page.writeUInt32LE(Number(time >> 32n), offset + 8);
}
