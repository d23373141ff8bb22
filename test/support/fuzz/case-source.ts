import type { Source } from '../../../src/source/source.js';
import { BufferSource } from '../sources/buffer-source.js';

/** One changed file, as a source; files beside it stay as they were. */
export class CaseSource extends BufferSource {
  constructor(
    readonly bytes: Buffer,
    name = 'changed',
    private readonly beside: ReadonlyMap<string, Buffer> = new Map(),
  ) {
    super(bytes, name);
  }

  /** The same file under another name, with files beside it. */
  named(name: string, beside?: ReadonlyMap<string, Buffer>): CaseSource {
    return new CaseSource(this.bytes, name, beside);
  }

  sibling(fileName: string): Promise<Source | null> {
    const bytes = this.beside.get(fileName);
    return Promise.resolve(bytes === undefined ? null : new BufferSource(bytes, fileName));
  }

  /** The bytes as a stream has them, cut at no boundary of a format. */
  async *pieces(size = 4093): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < this.bytes.length; at += size) yield this.bytes.subarray(at, at + size);
  }
}
