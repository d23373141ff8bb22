import type { Warning } from '../../errors.js';
import type { Source } from '../source.js';

/** A source that is another one but for how it is read: everything else is the other's. */
export abstract class SourceView implements Source {
  constructor(protected readonly base: Source) {}

  get name(): string {
    return this.base.name;
  }

  get byteLength(): number {
    return this.base.byteLength;
  }

  get bytesRead(): number {
    return this.base.bytesRead;
  }

  get parts(): readonly number[] {
    return this.base.parts ?? [0];
  }

  get warnings(): readonly Warning[] {
    return this.base.warnings ?? [];
  }

  get archive(): string | undefined {
    return this.base.archive;
  }

  sibling(fileName: string): Promise<Source | null> {
    return this.base.sibling?.(fileName) ?? Promise.resolve(null);
  }

  abstract read(target: Uint8Array, offset: number): Promise<number>;

  close(): Promise<void> {
    return this.base.close();
  }
}
