import { Help } from 'commander';
import { SYSTEM_CLOCK, type Clock } from '../../clock.js';
import type { PoolTrackerError } from '../../errors.js';
import type { Progress } from '../../work.js';
import { printable, printableJson, printableLines } from '../../printable.js';

/** Shorter work shows no progress bar. */
const QUIET_MS = 1000;
const EVERY_MS = 200;
const BAR = 24;
/** Words are not broken into narrower lines. */
const NARROWEST = 40;

/** `1.3 GiB` */
function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const unit = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${(bytes / 1024 ** unit).toFixed(unit === 0 ? 0 : 1)} ${units[unit]!}`;
}

/**
 * One line on a terminal with the progress and speed of long work; nothing elsewhere, and nothing for work of less than
 * a second.
 *
 *     [###########.............]  46 %  14.7 of 32.0 GiB, 1.6 GiB/s
 */
export class ProgressLine {
  private readonly startedAt: number;
  private shownAt = 0;

  constructor(
    private readonly terminal: NodeJS.WriteStream = process.stderr,
    private readonly clock: Clock = SYSTEM_CLOCK,
  ) {
    this.startedAt = clock.now();
  }

  readonly show = ({ done, total }: Pick<Progress, 'done' | 'total'>): void => {
    const now = this.clock.now();
    const elapsed = now - this.startedAt;
    if (!this.terminal.isTTY || elapsed < QUIET_MS || now - this.shownAt < EVERY_MS) return;
    this.shownAt = now;
    const rate = `${size((done * 1000) / elapsed)}/s`;
    this.terminal.write(
      `\r\x1b[K${total === null ? `${size(done)}, ${rate}` : `${bar(done / total)}  ${size(done)} of ${size(total)}, ${rate}`}`,
    );
  };

  /** Clears the line for the next message. */
  end(): void {
    if (this.shownAt > 0) this.terminal.write('\r\x1b[K');
    this.shownAt = 0;
  }
}

function bar(share: number): string {
  const filled = Math.round(Math.min(1, share) * BAR);
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR - filled)}] ${String(Math.floor(Math.min(1, share) * 100)).padStart(3)} %`;
}

/** Breaks lines between words on a terminal; elsewhere a message stays one line, for who searches in it. */
function fitted(text: string): string {
  const { isTTY, columns } = process.stderr;
  return isTTY && columns >= NARROWEST ? new Help().boxWrap(text, columns) : text;
}

/** Prints a message to standard error; standard output is only for data. */
export function say(line: string): void {
  process.stderr.write(`${fitted(printableLines(line))}\n`);
}

/** Prints one line of JSON to standard error. */
export function sayJson(value: unknown): void {
  process.stderr.write(`${printableJson(value)}\n`);
}

export function warn(message: string): void {
  say(`pool-tracker: warning: ${printable(message)}`);
}

/** Prints one line: the error, then a hint. */
export function sayError(error: PoolTrackerError): void {
  say(printable(`pool-tracker: ${error.message}${error.hint === null ? '' : `; ${error.hint}`}`));
}
