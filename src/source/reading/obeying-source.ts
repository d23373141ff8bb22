import type { Warning } from '../../errors.js';
import { unlessAborted } from '../../work.js';
import type { Source } from '../source.js';

/** A source whose reads reject with the reason of a signal when that comes, also those that wait for a dead server. */
export class ObeyingSource implements Source {
  readonly sibling?: (fileName: string) => Promise<Source | null>;

  constructor(
    private readonly inner: Source,
    private readonly signal: AbortSignal,
  ) {
    if (inner.sibling !== undefined)
      this.sibling = async (fileName) => {
        const found = await unlessAborted(inner.sibling!(fileName), signal, (late) => late?.close());
        return found === null ? null : new ObeyingSource(found, signal);
      };
  }

  get name(): string {
    return this.inner.name;
  }

  get byteLength(): number {
    return this.inner.byteLength;
  }

  get bytesRead(): number {
    return this.inner.bytesRead;
  }

  get parts(): readonly number[] {
    return this.inner.parts ?? [0];
  }

  get warnings(): readonly Warning[] {
    return this.inner.warnings ?? [];
  }

  get archive(): string | undefined {
    return this.inner.archive;
  }

  read(target: Uint8Array, offset: number): Promise<number> {
    return unlessAborted(this.inner.read(target, offset), this.signal);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
