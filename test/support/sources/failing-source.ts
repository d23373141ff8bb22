import { PoolTrackerError } from '../../../src/errors.js';
import { BufferSource } from './buffer-source.js';

/** A source on a medium with bad sectors: what touches one of them fails as the system says it, until they are mended. */
export class FailingSource extends BufferSource {
  /** @param bad places that cannot be read, end exclusive */
  constructor(
    content: Uint8Array,
    name: string,
    public bad: readonly (readonly [start: number, end: number])[],
  ) {
    super(content, name);
  }

  override read(target: Uint8Array, offset: number): Promise<number> {
    if (!this.bad.some(([start, end]) => start < offset + target.length && offset < end))
      return super.read(target, offset);
    this.reads++;
    const cause = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
    return Promise.reject(new PoolTrackerError('SOURCE_UNREADABLE', `cannot read ${this.name}`, { cause }));
  }
}
