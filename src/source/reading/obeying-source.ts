import { setMaxListeners } from 'node:events';
import { unlessAborted, whenAborted } from '../../work.js';
import type { Source } from '../source.js';
import { SourceView } from './source-view.js';

const relays = new WeakMap<AbortSignal, AbortSignal>();

/**
 * A signal that comes with another. Any number of reads, of any number of sources, may wait for it: who gave the other one
 * is not warned of their number.
 */
function relayOf(signal: AbortSignal): AbortSignal {
  const known = relays.get(signal);
  if (known !== undefined) return known;
  const relay = new AbortController();
  setMaxListeners(0, relay.signal);
  whenAborted(signal, () => relay.abort(signal.reason));
  relays.set(signal, relay.signal);
  // What opens siblings has the relay itself.
  relays.set(relay.signal, relay.signal);
  return relay.signal;
}

/** A source whose reads reject with the reason of a signal when that comes, also those that wait for a dead server. */
export class ObeyingSource extends SourceView {
  private readonly signal: AbortSignal;

  constructor(base: Source, signal: AbortSignal) {
    super(base);
    this.signal = relayOf(signal);
  }

  protected override async besides(found: Promise<Source | null>): Promise<Source | null> {
    const source = await unlessAborted(found, this.signal, (late) => late?.close());
    return source === null ? null : new ObeyingSource(source, this.signal);
  }

  protected override ahead(fetching: Promise<void>): Promise<void> {
    return unlessAborted(fetching, this.signal);
  }

  read(target: Uint8Array, offset: number): Promise<number> {
    return unlessAborted(this.base.read(target, offset), this.signal);
  }
}
