import { setMaxListeners } from 'node:events';
import { unlessAborted, whenAborted } from '../../work.js';
import type { Source } from '../source.js';
import { SourceView } from './source-view.js';

/** A source whose reads reject with the reason of a signal when that comes, also those that wait for a dead server. */
export class ObeyingSource extends SourceView {
  /** Comes with the signal. Any number of reads may wait for it; who gave the signal is not warned of their number. */
  private readonly ending = new AbortController();
  private readonly forget: () => void;

  constructor(
    base: Source,
    private readonly signal: AbortSignal,
  ) {
    super(base);
    setMaxListeners(0, this.ending.signal);
    this.forget = whenAborted(signal, () => this.ending.abort(signal.reason));
  }

  protected override async besides(found: Promise<Source | null>): Promise<Source | null> {
    const source = await unlessAborted(found, this.signal, (late) => late?.close());
    return source === null ? null : new ObeyingSource(source, this.signal);
  }

  protected override ahead(fetching: Promise<void>): Promise<void> {
    return unlessAborted(fetching, this.ending.signal);
  }

  read(target: Uint8Array, offset: number): Promise<number> {
    return unlessAborted(this.base.read(target, offset), this.ending.signal);
  }

  override close(): Promise<void> {
    this.forget();
    return super.close();
  }
}
