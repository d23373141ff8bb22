import type { Alarm, Clock } from '../../../src/clock.js';

interface SetAlarm {
  readonly milliseconds: number;
  readonly ring: () => void;
}

/** A clock that a test moves: no wait takes time, and an alarm rings when the test says so, and never else. */
export class HandClock implements Clock {
  time = 0;
  /** Milliseconds of each wait there was. */
  readonly waits: number[] = [];
  /** How often alarms have begun anew. */
  restarts = 0;
  private readonly pending = new Set<SetAlarm>();
  private readonly restarted: (() => void)[] = [];

  now(): number {
    return this.time;
  }

  wait(milliseconds: number): Promise<void> {
    this.waits.push(milliseconds);
    return Promise.resolve();
  }

  alarm(milliseconds: number, ring: () => void): Alarm {
    const one: SetAlarm = { milliseconds, ring };
    this.pending.add(one);
    return {
      restart: () => {
        this.restarts++;
        for (const tell of this.restarted.splice(0)) tell();
      },
      cancel: () => void this.pending.delete(one),
    };
  }

  /** The alarms that are set, in the order in which they were. */
  get alarms(): readonly SetAlarm[] {
    return [...this.pending];
  }

  /** Rings every alarm that is set. */
  ring(): void {
    for (const one of [...this.pending]) {
      this.pending.delete(one);
      one.ring();
    }
  }

  /** Resolves when an alarm begins anew. */
  restart(): Promise<void> {
    return new Promise((resolve) => this.restarted.push(resolve));
  }
}
