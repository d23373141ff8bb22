/**
 * Counts requests that came one after another: each after the one before it was answered. So many times at least does a
 * client wait for the server, however many requests it has in flight.
 */
export class RequestRounds {
  count = 0;
  /** Requests and answers so far: the place of each in their order. */
  private events = 0;
  private last = 0;

  /** A request came. @returns to be called when it is answered */
  begin(): () => void {
    const began = ++this.events;
    return () => {
      // The first of all to be answered is the best to go on from.
      if (began <= this.last) return;
      this.last = ++this.events;
      this.count++;
    };
  }
}
