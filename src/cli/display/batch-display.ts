import type { BatchListener, BatchSummary, ImageEvent } from '../../dataset/ingest/ingest.js';
import { say, sayJson } from './say.js';

/** Reports the progress of a batch on standard error. */
export interface BatchDisplay extends BatchListener {
  /** Prints an additional message. */
  note(line: string): void;
  end(summary: BatchSummary): void;
  /** Ends the display: the batch failed as a whole. */
  abandon(): void;
}

const REDRAW_MS = 200;

function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'unknown';
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${hours > 0 ? `${hours}:` : ''}${String(minutes).padStart(2, '0')}:${String(Math.floor(seconds) % 60).padStart(2, '0')}`;
}

function failureLine({ path, error_code: code, message }: ImageEvent): string {
  return `pool-tracker: failed: ${message ?? path} (${code ?? 'INTERNAL'})`;
}

/** `12 images: 9 ok, 1 incomplete, 2 failed; 18 342 records in 00:03, 4.0 images a second` */
export function summaryLine({ images, counts, left, records, elapsed_ms: elapsed }: BatchSummary): string {
  const parts = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${status.replace('-', ' ')}`);
  if (left > 0) parts.push(`${left} left`);
  const done = images - left - counts['done-before'];
  return `${images} images: ${parts.join(', ') || 'none'}; ${records} records in ${duration(elapsed / 1000)}, ${(done / Math.max(elapsed / 1000, 0.001)).toFixed(1)} images a second`;
}

/** Readable lines: failures as they occur, and the summary; on a terminal also a progress line. */
export class TextDisplay implements BatchDisplay {
  private readonly startedAt = performance.now();
  private total = 0;
  private done = 0;
  private failed = 0;
  private scanned = 0;
  private drawnAt = -Infinity;

  constructor(
    private readonly quiet: boolean,
    private readonly isTerminal: boolean = process.stderr.isTTY === true,
  ) {}

  listed(images: number): void {
    this.total = images;
    this.draw(true);
  }

  image(event: ImageEvent): void {
    this.done++;
    if (event.status !== 'done-before') this.scanned++;
    if (event.status === 'failed') {
      this.failed++;
      this.note(failureLine(event));
    }
    this.draw(this.done === this.total);
  }

  note(line: string): void {
    this.erase();
    say(line);
    this.drawnAt = -Infinity;
  }

  end(summary: BatchSummary): void {
    this.erase();
    if (!this.quiet) say(summaryLine(summary));
  }

  abandon(): void {
    this.erase();
  }

  private erase(): void {
    if (this.isTerminal) process.stderr.write('\r\u001b[K');
  }

  private draw(now: boolean): void {
    if (!this.isTerminal || this.quiet || (!now && performance.now() - this.drawnAt < REDRAW_MS)) return;
    this.drawnAt = performance.now();
    const rate = this.scanned / Math.max((performance.now() - this.startedAt) / 1000, 0.001);
    const left = this.scanned === 0 ? Infinity : (this.total - this.done) / rate;
    // Nobody knows how many come into a folder.
    const progress =
      this.total === 0
        ? `${this.done} images, ${this.failed} failed`
        : `${this.done} of ${this.total} images, ${this.failed} failed, ${rate.toFixed(1)} a second, ${duration(left)} left`;
    process.stderr.write(`\r\u001b[K${progress}`);
  }
}

/** One line of JSON per image, and one for the summary. */
export class JsonDisplay implements BatchDisplay {
  listed(): void {
    // The summary has the number.
  }

  image(event: ImageEvent): void {
    sayJson(event);
  }

  note(line: string): void {
    sayJson({ event: 'note', message: line });
  }

  end(summary: BatchSummary): void {
    sayJson(summary);
  }

  abandon(): void {
    // Every line has been written already.
  }
}
