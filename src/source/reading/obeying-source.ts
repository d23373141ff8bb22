import { unlessAborted } from '../../work.js';
import type { Source } from '../source.js';
import { SourceView } from './source-view.js';

/** A source whose reads reject with the reason of a signal when that comes, also those that wait for a dead server. */
export class ObeyingSource extends SourceView {
  constructor(
    base: Source,
    private readonly signal: AbortSignal,
  ) {
    super(base);
  }

  protected override async besides(found: Promise<Source | null>): Promise<Source | null> {
    const source = await unlessAborted(found, this.signal, (late) => late?.close());
    return source === null ? null : new ObeyingSource(source, this.signal);
  }

  read(target: Uint8Array, offset: number): Promise<number> {
    return unlessAborted(this.base.read(target, offset), this.signal);
  }
}
