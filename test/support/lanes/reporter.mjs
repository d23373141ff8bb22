import mocha from 'mocha';

/** Dots and Mocha's summary, and below it one line that every program can read: `12 passed, 0 failed, 1 skipped`. */
export default class LastLine extends mocha.reporters.Dot {
  epilogue() {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
  }
}
