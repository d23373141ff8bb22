/** PROCESSOR_START_BLOCK, which the kernel leaves below 1 MiB for the other processors' start. */
export function lowStub(values: { kernelEntry: bigint; selfMap: bigint; root: number }): Buffer {
  const block = Buffer.alloc(0x1000);
  block.writeBigUInt64LE(0x00000001000657e9n, 0);
  block.writeBigUInt64LE(values.kernelEntry, 0x70);
  block.writeBigUInt64LE(values.selfMap, 0x78);
  block.writeBigUInt64LE(0x0007010600070106n, 0x80);
  block.writeUInt32LE(0x0d01, 0x88);
  block.writeUInt32LE(0x80050033, 0x90);
  block.writeBigUInt64LE(BigInt(values.root), 0xa0);
  block.writeUInt32LE(0x370678, 0xa8);
  return block;
}
