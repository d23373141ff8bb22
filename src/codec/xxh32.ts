/** XXH32 with seed 0, as LZ4 frames have it, of whole bytes or of pieces. */
export interface OpenXxh32 {
  hash(bytes: Uint8Array): number;
  open(): { add(bytes: Uint8Array): void; value(): number };
}

/** Loads the hash: WebAssembly, compiled when first needed. */
export async function openXxh32(): Promise<OpenXxh32> {
  const loaded = await import('xxhash-wasm');
  const { h32Raw, create32 } = await loaded.default();
  return {
    hash: (bytes) => h32Raw(bytes) >>> 0,
    open() {
      const state = create32();
      return { add: (bytes) => void state.update(bytes), value: () => state.digest() >>> 0 };
    },
  };
}
