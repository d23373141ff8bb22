import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { Progress } from '../../src/cli/display/say.js';

function terminal(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
  const stream = Object.assign(new PassThrough(), { isTTY });
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => String(stream.read() ?? '') };
}

describe('the progress line', () => {
  it('comes on a terminal after a second, with a rate, and goes away', async () => {
    const { stream, text } = terminal(true);
    const progress = new Progress(stream);
    progress.show(1 << 20, 2 << 20);
    assert.equal(text(), '');
    await setTimeout(1050);
    progress.show(1 << 30, 2 * 2 ** 30);
    assert.match(text(), /\[#{12}\.{12}\]  50 % {2}1\.0 GiB of 2\.0 GiB, [\d.]+ [KMG]iB\/s$/);
    progress.show(1 << 30, 2 * 2 ** 30);
    assert.equal(text(), '', 'not more often than can be read');
    progress.end();
    assert.equal(text(), '\r\x1b[K');
  });

  it('tells of a stream what has come', async () => {
    const { stream, text } = terminal(true);
    const progress = new Progress(stream);
    await setTimeout(1050);
    progress.show(3 << 20, null);
    assert.match(text(), /^\r\x1b\[K3\.0 MiB, [\d.]+ [KM]iB\/s$/);
  });

  it('stays away from what is no terminal', async () => {
    const { stream, text } = terminal(false);
    const progress = new Progress(stream);
    await setTimeout(1050);
    progress.show(1, 2);
    progress.end();
    assert.equal(text(), '');
  });
});
