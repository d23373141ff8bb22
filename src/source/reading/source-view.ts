import type { Warning } from '../../errors.js';
import type { Prefetch, Source } from '../source.js';

/** A source that is another one but for how it is read: everything else is the other's. */
export abstract class SourceView implements Source {
  /** Absent, as its base's may be: that nothing is known of what lies beside is another answer than that nothing does. */
  readonly sibling?: (fileName: string) => Promise<Source | null>;
  readonly prefetch: Prefetch | undefined;

  constructor(protected readonly base: Source) {
    if (base.prefetch !== undefined) this.prefetch = (ranges) => this.ahead(base.prefetch!(ranges));
    if (base.sibling !== undefined) this.sibling = (fileName) => this.besides(base.sibling!(fileName));
  }

  /** What lies beside the other source, as it is to be seen through this one. */
  protected besides(found: Promise<Source | null>): Promise<Source | null> {
    return found;
  }

  /** What is fetched ahead of its reads. */
  protected ahead(fetching: Promise<void>): Promise<void> {
    return fetching;
  }

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

  abstract read(target: Uint8Array, offset: number): Promise<number>;

  close(): Promise<void> {
    return this.base.close();
  }
}
