import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { ProgressLine } from '../../src/cli/display/say.js';
import { HandClock } from '../support/run/hand-clock.js';

function terminal(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
  const stream = Object.assign(new PassThrough(), { isTTY });
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => String(stream.read() ?? '') };
}

describe('the progress line', () => {
  it('comes on a terminal after a second, with a rate, and goes away', () => {
    const { stream, text } = terminal(true);
    const clock = new HandClock();
    const progress = new ProgressLine(stream, clock);
    progress.show({ done: 1 << 20, total: 2 << 20 });
    assert.equal(text(), '');
    clock.time += 1000;
    progress.show({ done: 1 << 30, total: 2 * 2 ** 30 });
    assert.match(text(), /\[#{12}\.{12}\]  50 % {2}1\.0 GiB of 2\.0 GiB, 1\.0 GiB\/s$/);
    clock.time += 199;
    progress.show({ done: 1 << 30, total: 2 * 2 ** 30 });
    assert.equal(text(), '', 'not more often than can be read');
    progress.end();
    assert.equal(text(), '\r\x1b[K');
  });

  it('tells of a stream what has come', () => {
    const { stream, text } = terminal(true);
    const clock = new HandClock();
    const progress = new ProgressLine(stream, clock);
    clock.time += 1000;
    progress.show({ done: 3 << 20, total: null });
    assert.match(text(), /^\r\x1b\[K3\.0 MiB, 3\.0 MiB\/s$/);
  });

  it('stays away from what is no terminal', () => {
    const { stream, text } = terminal(false);
    const clock = new HandClock();
    const progress = new ProgressLine(stream, clock);
    clock.time += 1000;
    progress.show({ done: 1, total: 2 });
    progress.end();
    assert.equal(text(), '');
  });
});
