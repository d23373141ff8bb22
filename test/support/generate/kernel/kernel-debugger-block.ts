/** Values that go into KDDEBUGGER_DATA64; addresses are virtual. */
export interface DebuggerBlockFields {
  readonly size: number;
  readonly kernelBase: bigint;
  readonly listHead: bigint;
  readonly psLoadedModuleList: bigint;
  readonly psActiveProcessHead: bigint;
  readonly pspCidTable: bigint;
  /** The address of the variable, not its value. */
  readonly poolTrackTable: bigint;
  readonly ntBuildLab: bigint;
}

/** The block as a debugger and a crash dump see it: a 32-bit kernel's addresses are sign-extended to 64 bits. */
export function debuggerBlock(fields: DebuggerBlockFields, pointerSize: 4 | 8 = 8): Buffer {
  const block = Buffer.alloc(fields.size);
  const pointers: readonly (readonly [number, bigint])[] = [
    [0x00, fields.listHead],
    [0x08, fields.listHead],
    [0x18, fields.kernelBase],
    [0x48, fields.psLoadedModuleList],
    [0x50, fields.psActiveProcessHead],
    [0x58, fields.pspCidTable],
    [0x1b8, fields.poolTrackTable],
    [0x208, fields.ntBuildLab],
  ];
  for (const [offset, value] of pointers) block.writeBigUInt64LE(signExtended(value, pointerSize), offset);
  block.write('KDBG', 0x10, 'latin1');
  block.writeUInt32LE(fields.size, 0x14);
  block.writeUInt16LE(0xa40, 0x2a8);
  block.writeUInt16LE(0x28, 0x2ae);
  return block;
}

export function signExtended(address: bigint, pointerSize: 4 | 8): bigint {
  return BigInt.asUintN(64, BigInt.asIntN(pointerSize * 8, address));
}

export interface EncodingKeys {
  readonly waitNever: bigint;
  readonly waitAlways: bigint;
  /** Address of KdpDataBlockEncoded, sign-extended. */
  readonly dataBlockEncoded: bigint;
}

/** The block as a running Windows 8 or later keeps it: each word through the decoding steps backwards. */
export function encodeDebuggerBlock(plain: Buffer, keys: EncodingKeys): Buffer {
  const encoded = Buffer.alloc(plain.length);
  const turn = (keys.waitNever & 0xffn) % 64n;
  for (let at = 0; at < plain.length; at += 8) {
    const swapped = Buffer.alloc(8);
    swapped.writeBigUInt64LE(plain.readBigUInt64LE(at) ^ keys.waitAlways);
    const word = swapped.readBigUInt64BE() ^ keys.dataBlockEncoded;
    const turnedRight = BigInt.asUintN(64, (word >> turn) | (word << (64n - turn)));
    encoded.writeBigUInt64LE(turnedRight ^ keys.waitNever, at);
  }
  return encoded;
}
