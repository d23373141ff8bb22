import type { LineLog } from './store/store.js';

/** Lines that may be lost with the process: their images are done again. */
const SEGMENT_LINES = 50;
const SEGMENT_MS = 10_000;

/** A log as a row of files that are written once each, for stores whose files cannot grow. */
export class SegmentedLog implements LineLog {
  private lines: string[] = [];
  private segment = 0;
  private since = Date.now();
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly write: (segment: number, text: string) => Promise<void>) {}

  async append(line: string): Promise<void> {
    this.lines.push(line);
    if (this.lines.length >= SEGMENT_LINES || Date.now() - this.since >= SEGMENT_MS) await this.flush();
  }

  flush(): Promise<void> {
    const text = `${this.lines.join('\n')}\n`;
    if (this.lines.length > 0) {
      const segment = this.segment++;
      this.writing = this.writing.then(() => this.write(segment, text));
    }
    this.lines = [];
    this.since = Date.now();
    return this.writing;
  }

  close(): Promise<void> {
    return this.flush();
  }
}
