/** What a walk could not read: how often, and the first time why. */
export class Tally {
  unreadable = 0;
  reason: string | null = null;

  /** @param reason in one line: what, where, and what is wrong with it */
  miss(reason: string): void {
    this.unreadable++;
    this.note(reason);
  }

  /** A fact that explains the count and is no loss by itself. */
  note(reason: string): void {
    this.reason ??= reason;
  }

  /** Adds what another walk could not read. */
  add(other: Tally): void {
    this.unreadable += other.unreadable;
    if (other.reason !== null) this.note(other.reason);
  }
}
