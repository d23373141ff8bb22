import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { BLOCK, SURROUNDINGS } from '../../src/source/remote/block-cache.js';
import { ByteStream } from '../../src/source/stream/byte-stream.js';
import { openHttp, type HttpOptions } from '../../src/source/remote/http-source.js';
import { HEAD_BYTES } from '../../src/source/remote/remote-object.js';
import type { RetryPolicy } from '../../src/source/remote/retry.js';
import { fileNameOf, readBytes, type Source } from '../../src/source/source.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { Random } from '../support/generate/random.js';
import { assertAsyncProperty } from '../support/lanes/property.js';
import { RangeServer, type Fault } from '../support/sources/range-server.js';
import { HandClock } from '../support/run/hand-clock.js';

const RETRY: RetryPolicy = { attempts: 4, firstWait: 10, longestWait: 2000 };

describe('images over HTTP', () => {
  const random = new Random(3);
  const bytes = Buffer.from(Uint32Array.from({ length: 400_001 }, () => random.u32()).buffer).subarray(0, 1_600_001);
  let server: RangeServer;
  let clock: HandClock;
  let options: HttpOptions;

  beforeEach(async () => {
    clock = new HandClock();
    options = { retry: RETRY, clock };
    server = await new RangeServer({
      'a%20b/memory.vmem': new BufferSource(bytes),
      'a%20b/memory.vmss': new BufferSource(bytes.subarray(0, 300)),
      empty: new BufferSource(Buffer.alloc(0)),
      small: new BufferSource(bytes.subarray(0, 10)),
    }).start();
  });
  afterEach(() => server.stop());

  const open = async (path = 'a%20b/memory.vmem'): Promise<Source> => {
    const opened = await openHttp(server.url(path), options);
    assert.ok(!(opened instanceof ByteStream));
    return opened;
  };
  const faultOnce =
    (fault: Fault, at = 1) =>
    (index: number): Fault | null =>
      index === at ? fault : null;

  it('reads any stretch, and fetches each block once', async () => {
    const source = await open();
    assert.equal(source.byteLength, bytes.length);
    await assertAsyncProperty(
      fc.asyncProperty(fc.nat(bytes.length + 10), fc.nat(200_000), async (offset, length) => {
        assert.ok((await readBytes(source, offset, length)).equals(bytes.subarray(offset, offset + length)));
      }),
      { numRuns: 40 },
    );
    for (let at = 0; at < bytes.length; at += 400_000)
      assert.ok((await readBytes(source, at, 400_000)).equals(bytes.subarray(at, at + 400_000)));
    const asked = server.requests.length;
    assert.ok((await readBytes(source, 0, bytes.length)).equals(bytes));
    assert.equal(server.requests.length, asked, 'everything is in the cache');
    assert.ok(source.bytesRead <= bytes.length + HEAD_BYTES + SURROUNDINGS);
    assert.equal(source.bytesRead, server.sent);
  });

  it('fetches what is needed alone, neighbours in one request, and requests at the same time', async () => {
    const source = await open();
    const page = Buffer.alloc(4096);
    const at = [20, 21, 22, 50, 70].map((block) => block * BLOCK);
    await Promise.all(at.map((offset) => source.read(Buffer.alloc(BLOCK), offset)));
    assert.deepEqual(
      new Set(server.requests.slice(1).map(({ range }) => range)),
      new Set([
        `bytes=${20 * BLOCK}-${23 * BLOCK - 1}`,
        `bytes=${50 * BLOCK}-${51 * BLOCK - 1}`,
        `bytes=${70 * BLOCK}-${71 * BLOCK - 1}`,
      ]),
    );
    assert.equal(await source.read(page, 21 * BLOCK + 5), 4096);
    assert.ok(page.equals(bytes.subarray(21 * BLOCK + 5, 21 * BLOCK + 5 + 4096)));
    assert.equal(server.requests.length, 4);
    assert.equal(source.bytesRead, HEAD_BYTES + 5 * BLOCK);
    let some: () => void;
    const until = new Promise<void>((resolve) => (some = resolve));
    server.fault = (index) => {
      if (index >= 4 + 3) some();
      return { kind: 'hold', until };
    };
    server.mostAtOnce = 0;
    await Promise.all(
      Array.from({ length: 12 }, (_, index) => source.read(Buffer.alloc(10), (104 + index * 16) * BLOCK)),
    );
    assert.ok(server.mostAtOnce > 3 && server.mostAtOnce <= 8, `${server.mostAtOnce} at once`);
  });

  const stalled = (): void => clock.ring();
  for (const [name, fault] of Object.entries<Fault>({
    'a cut connection': { kind: 'cut', after: 1000 },
    'a connection cut before the first byte': { kind: 'cut', after: 0 },
    'a body that stalls': { kind: 'stall', after: 1000, stalled },
    '503': { kind: 'status', status: 503 },
    '429': { kind: 'status', status: 429 },
    'a wrong Content-Range': { kind: 'contentRange', value: 'bytes 5-9/1600001' },
    'a Content-Range that is none': { kind: 'contentRange', value: 'none of your business' },
  })) {
    it(`tries again after ${name}, and gives up in one line when it does not end`, async () => {
      for (const at of [0, 1]) {
        const before = server.requests.length;
        server.fault = (index) => faultOnce(fault, before + at)(index);
        const source = await open();
        assert.ok((await readBytes(source, 700_000, 70_000)).equals(bytes.subarray(700_000, 770_000)));
        assert.equal(server.requests.length, before + 3);
      }
      const source = await open();
      server.fault = () => fault;
      await assert.rejects(readBytes(source, 0, bytes.length), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'SOURCE_UNREADABLE');
        assert.match(error.message, /^cannot read http:\/\/127\.0\.0\.1:\d+\/a%20b\/memory\.vmem: [^\n]+$/);
        return true;
      });
      server.fault = () => null;
      assert.ok((await readBytes(source, 0, bytes.length)).equals(bytes), 'a failed block is asked for again');
    });
  }

  it('waits as long as Retry-After says', async () => {
    const source = await open();
    server.fault = faultOnce({ kind: 'status', status: 503, retryAfter: '1' }, 1);
    await readBytes(source, 700_000, 10);
    assert.deepEqual(clock.waits, [1000]);
  });

  it('reads slow bodies patiently', async () => {
    server.fault = () => ({ kind: 'slow', pieces: 5, pause: () => clock.restart() });
    const source = await open();
    assert.ok((await readBytes(source, 700_000, 70_000)).equals(bytes.subarray(700_000, 770_000)));
    assert.equal(server.requests.length, 2);
  });

  it('stops when the object changes, by ETag, by weak ETag and by Last-Modified', async () => {
    for (const [etag, next] of [
      ['"one"', '"two"'],
      ['W/"one"', 'W/"two"'],
    ] as const) {
      server.etag = etag;
      const source = await open();
      server.etag = next;
      await assert.rejects(readBytes(source, 700_000, 10), {
        code: 'SOURCE_CHANGED',
        message: /memory\.vmem changed while it was read: its ETag /,
      });
    }
    server.etag = null;
    server.lastModified = 'Sun, 06 Nov 1994 08:49:37 GMT';
    const source = await open();
    server.lastModified = 'Sun, 06 Nov 1994 08:49:38 GMT';
    await assert.rejects(readBytes(source, 700_000, 10), {
      code: 'SOURCE_CHANGED',
      message: /its Last-Modified was Sun, 06 Nov 1994 08:49:37 GMT and is /,
    });
    server.ranges = false;
    await assert.rejects(readBytes(source, 700_000, 10), { code: 'SOURCE_CHANGED' });
  });

  it('takes a server that ignores ranges for a stream, asked once', async () => {
    server.ranges = false;
    const opened = await openHttp(server.url('a%20b/memory.vmem'), options);
    assert.ok(opened instanceof ByteStream);
    assert.equal(opened.claimedLength, bytes.length);
    const pieces: Uint8Array[] = [];
    for await (const piece of opened.reader.rest()) pieces.push(piece);
    assert.ok(Buffer.concat(pieces).equals(bytes));
    assert.equal(opened.bytesRead, bytes.length);
    assert.equal(server.requests.length, 1);
    server.fault = () => ({ kind: 'cut', after: 500_000 });
    const cut = (await openHttp(server.url('a%20b/memory.vmem'), options)) as ByteStream;
    await assert.rejects(
      async () => {
        for await (const piece of cut.reader.rest()) assert.ok(piece.length > 0);
      },
      { code: 'SOURCE_UNREADABLE' },
    );
  });

  describe('redirects', () => {
    let door: Server;
    let target = '';
    const asked: (string | undefined)[] = [];
    const start = async (answer: (url: string) => [number, string]): Promise<string> => {
      door = createServer((request, response) => {
        asked.push(request.headers.authorization);
        const [status, location] = answer(request.url!);
        response.writeHead(status, { location });
        response.end();
      });
      await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
      return `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
    };
    beforeEach(() => {
      target = server.url('small');
      asked.length = 0;
    });
    afterEach(() => door.close());

    it('to another host are refused, unless they are allowed', async () => {
      const url = await start(() => [302, target]);
      await assert.rejects(openHttp(`${url}/x`, options), {
        code: 'SOURCE_NOT_PERMITTED',
        message: /the server redirects to another one, http:\/\/127\.0\.0\.1:\d+$/,
      });
      assert.equal(server.requests.length, 0);
      const opened = await openHttp(`${url.replace('//', '//user:secret@')}/x`, { ...options, allowRedirects: true });
      assert.equal((opened as Source).byteLength, 10);
      assert.match(asked.at(-1)!, /^Basic /);
      assert.equal(server.requests[0]!.authorization, undefined, 'credentials stay with their host');
    });

    it('within a host are followed, a few times', async () => {
      const hops = new Map([
        ['/a', '/b'],
        ['/b', 'c'],
      ]);
      const url = await start((path) => [hops.has(path) ? 307 : 404, hops.get(path) ?? '']);
      await assert.rejects(openHttp(`${url}/a`, options), { code: 'SOURCE_NOT_FOUND' });
      assert.equal(asked.length, 3);
      door.close();
      const circle = await start(() => [301, '/again']);
      await assert.rejects(openHttp(circle, options), { message: /redirected more than 5 times$/ });
    });

    it('to what is no server are refused', async () => {
      const url = await start(() => [302, 'file:///etc/passwd']);
      await assert.rejects(openHttp(url, { ...options, allowRedirects: true }), { message: /is no URL of a server$/ });
    });
  });

  it('gives up on a body that drips', async () => {
    server.ranges = false;
    const pause = (): Promise<void> => {
      clock.time += 29_000;
      return new Promise((resolve) => setImmediate(resolve));
    };
    // A byte comes in time, again and again; all of them together are next to nothing.
    server.fault = () => ({ kind: 'slow', pieces: 1000, pause });
    const opened = (await openHttp(server.url('a%20b/memory.vmem'), options)) as ByteStream;
    await assert.rejects(
      async () => {
        for await (const piece of opened.reader.rest()) assert.ok(piece.length > 0);
      },
      { code: 'SOURCE_UNREADABLE', message: /in 30 s next to nothing came/ },
    );
  });

  it('sends credentials and never shows them', async () => {
    const location = server.url('a%20b/memory.vmem?X-Signature=s3cret', 'user:p%40ss@');
    const source = (await openHttp(location, options)) as Source;
    assert.equal(source.name, server.url('a%20b/memory.vmem'));
    assert.equal(fileNameOf(source), 'memory.vmem');
    assert.equal(server.requests[0]!.authorization, `Basic ${Buffer.from('user:p@ss').toString('base64')}`);
    assert.match(server.requests[0]!.path, /\?X-Signature=s3cret$/);
    const companion = await source.sibling!('memory.vmss');
    assert.equal(companion?.byteLength, 300);
    assert.match(server.requests[1]!.path, /^a%20b\/memory\.vmss\?X-Signature=s3cret$/);
    assert.equal(await source.sibling!('memory.E02'), null);
    for (const status of [401, 403, 404, 410, 500, 418]) {
      server.fault = () => ({ kind: 'status', status });
      await assert.rejects(openHttp(location, options), (error: Error) => {
        assert.ok(
          !/s3cret|p@ss|p%40ss|user/.test(error.message + String((error.cause as Error | undefined)?.message)),
          error.message,
        );
        return true;
      });
    }
    await server.stop();
    await assert.rejects(openHttp(location, options), (error: Error) => !/s3cret|p@ss|p%40ss|user/.test(error.message));
    await assert.rejects(
      openHttp('http://user:s3cret@[oops/x', options),
      (error: Error) => !error.message.includes('s3cret'),
    );
    server = await new RangeServer({}).start();
  });

  it('tells what is missing from what is forbidden', async () => {
    await assert.rejects(open('nothing'), { code: 'SOURCE_NOT_FOUND', message: /: the server answers 404 Not Found$/ });
    server.fault = () => ({ kind: 'status', status: 403 });
    await assert.rejects(open(), { code: 'SOURCE_NOT_PERMITTED' });
    assert.equal(server.requests.length, 2, 'neither is tried again');
  });

  it('opens objects of no bytes and of a few', async () => {
    assert.equal((await open('empty')).byteLength, 0);
    assert.ok((await readBytes(await open('small'), 0, 100)).equals(bytes.subarray(0, 10)));
  });
});
