import mocha from 'mocha';

const SLOWEST = 30;

/**
 * Dots and Mocha's summary, and below it one line that every program can read: `12 passed, 0 failed, 1 skipped`.
 * With TEST_TIMES=1 also the files that took longest, in seconds, without what their hooks took.
 */
export default class LastLine extends mocha.reporters.Dot {
  constructor(runner, options) {
    super(runner, options);
    this.seconds = new Map();
    runner.on('test end', ({ file, duration = 0 }) => {
      if (file !== undefined) this.seconds.set(file, (this.seconds.get(file) ?? 0) + duration / 1000);
    });
  }

  epilogue() {
    super.epilogue();
    if (process.env.TEST_TIMES === '1')
      for (const [file, seconds] of [...this.seconds].sort(([, a], [, b]) => b - a).slice(0, SLOWEST))
        console.log(`${seconds.toFixed(0).padStart(5)} s  ${file.slice(process.cwd().length + 1)}`);
    const { passes, failures, pending } = this.stats;
    console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
  }
}
