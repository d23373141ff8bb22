import { setImmediate as turn } from 'node:timers/promises';
import { RemoteObject } from '../../../src/source/remote/remote-object.js';
import { type ByteRange, readBytes, type Source } from '../../../src/source/source.js';

/** An object on a server that is far away: what is asked for is answered in rounds, and counted. */
export class FarSource {
  readonly source: RemoteObject;
  /** In the order in which they were sent, that for the first bytes left out. */
  readonly requests: ByteRange[] = [];
  /** How often answers came: requests that are in flight at the same time are answered together. */
  rounds = 0;
  /** Most requests and bytes in flight. */
  mostAtOnce = 0;
  mostBytesAtOnce = 0;
  private inFlight: ByteRange[] = [];
  private round: Promise<void> | null = null;

  /**
   * @param fault what is answered in place of a range; nothing where it is as it should be
   * @param atOnce as RemoteObject takes it
   */
  constructor(
    private readonly base: Source,
    head: Uint8Array,
    private readonly fault: (range: ByteRange) => Error | null = () => null,
    atOnce?: number,
  ) {
    this.source = new RemoteObject(
      base.name,
      base.byteLength,
      head,
      (offset, length) => this.answer({ offset, length }),
      () => Promise.resolve(null),
      atOnce,
    );
  }

  /** Bytes of all requests. */
  get bytes(): number {
    return this.requests.reduce((sum, { length }) => sum + length, 0);
  }

  private async answer(range: ByteRange): Promise<Uint8Array> {
    this.requests.push(range);
    this.inFlight.push(range);
    this.mostAtOnce = Math.max(this.mostAtOnce, this.inFlight.length);
    this.mostBytesAtOnce = Math.max(
      this.mostBytesAtOnce,
      this.inFlight.reduce((sum, { length }) => sum + length, 0),
    );
    this.round ??= this.nextRound();
    await this.round;
    const error = this.fault(range);
    if (error !== null) throw error;
    return readBytes(this.base, range.offset, range.length);
  }

  /** Comes when nothing more is asked for before an answer. */
  private async nextRound(): Promise<void> {
    for (let turns = 0; turns < 4; turns++) await turn();
    this.rounds++;
    this.round = null;
    this.inFlight = [];
  }
}
