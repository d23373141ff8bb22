/** A call that comes when its time is over. */
export interface Alarm {
  /** Begins its time anew. */
  restart(): void;
  /** It will not come. */
  cancel(): void;
}

/** Whatever waits asks one of these: the system's, or a test's, the time of which passes when the test says so. */
export interface Clock {
  /** Milliseconds since some moment. */
  now(): number;
  wait(milliseconds: number): Promise<void>;
  alarm(milliseconds: number, ring: () => void): Alarm;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  alarm: (milliseconds, ring) => {
    const timer = setTimeout(ring, milliseconds);
    return { restart: () => timer.refresh(), cancel: () => clearTimeout(timer) };
  },
};
