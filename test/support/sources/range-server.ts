import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readBytes, type Source } from '../../../src/source/source.js';
import { RequestRounds } from './request-rounds.js';

/** What the server does wrong to one request. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string }
  /** Breaks the connection after so many bytes of the body. */
  | { readonly kind: 'cut'; readonly after: number }
  /** Says nothing more after so many bytes of the body, and tells so. */
  | { readonly kind: 'stall'; readonly after: number; readonly stalled: () => void }
  /** Sends the body in pieces; between any two it waits. */
  | { readonly kind: 'slow'; readonly pieces: number; readonly pause: () => Promise<void> }
  /** Answers as it should, but not before. */
  | { readonly kind: 'hold'; readonly until: Promise<void> }
  | { readonly kind: 'contentRange'; readonly value: string }
  | { readonly kind: 'etag'; readonly value: string };

export interface ServedRequest {
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** An HTTP server on loopback for whole sources, with ranges or without, and with faults when a test wants them. */
export class RangeServer {
  readonly requests: ServedRequest[] = [];
  /** How often a client waited for an answer before it asked further. */
  readonly rounds = new RequestRounds();
  /** Bytes of bodies sent. */
  sent = 0;
  /** Requests answered at the same time, at most. */
  mostAtOnce = 0;
  ranges = true;
  etag: string | null = '"one"';
  lastModified: string | null = null;
  /** Asked for each request, counted from 0. */
  fault: (index: number, method: string) => Fault | null = () => null;
  private readonly server: Server;
  private atOnce = 0;

  constructor(private readonly files: Readonly<Record<string, Source>>) {
    this.server = createServer((request, response) => {
      this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce);
      const answered = this.rounds.begin();
      response.on('close', () => {
        this.atOnce--;
        answered();
      });
      void this.answer(request, response).catch(() => response.destroy());
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  url(path: string, credentials = ''): string {
    return `http://${credentials}127.0.0.1:${(this.server.address() as AddressInfo).port}/${path}`;
  }

  /** Lets no source be read before `release` is called. @returns resolves when the first is asked for */
  hold(): { readonly asked: Promise<void>; readonly release: () => void } {
    let release!: () => void;
    const until = new Promise<void>((resolve) => (release = resolve));
    const asked = new Promise<void>((resolve) => {
      this.fault = (_, method) => {
        if (method === 'HEAD') return null;
        resolve();
        return { kind: 'hold', until };
      };
    });
    return { asked, release };
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { range, authorization } = request.headers;
    const path = new URL(request.url!, 'http://x').pathname.slice(1);
    const fault = this.fault(this.requests.length, request.method!);
    this.requests.push({ path: request.url!.slice(1), range, authorization });
    if (fault?.kind === 'hold') await fault.until;
    const file = this.files[path];
    if (fault?.kind === 'status') {
      response
        .writeHead(fault.status, fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter })
        .end('no');
      return;
    }
    if (file === undefined) {
      response.writeHead(404).end();
      return;
    }
    const etag = fault?.kind === 'etag' ? fault.value : this.etag;
    if (etag !== null) response.setHeader('etag', etag);
    if (this.lastModified !== null) response.setHeader('last-modified', this.lastModified);
    if (request.headers['if-match'] !== undefined && request.headers['if-match'] !== etag) {
      response.writeHead(412).end();
      return;
    }
    const asked = /^bytes=(\d+)-(\d+)$/.exec(range ?? '');
    const [first, last] =
      this.ranges && asked !== null
        ? [Number(asked[1]), Math.min(Number(asked[2]), file.byteLength - 1)]
        : [0, file.byteLength - 1];
    if (this.ranges && first >= file.byteLength) {
      response.writeHead(416, { 'content-range': `bytes */${file.byteLength}` }).end();
      return;
    }
    const contentRange = fault?.kind === 'contentRange' ? fault.value : `bytes ${first}-${last}/${file.byteLength}`;
    response.writeHead(this.ranges ? 206 : 200, {
      'content-length': last - first + 1,
      ...(this.ranges ? { 'content-range': contentRange } : {}),
    });
    await this.send(response, file, first, last + 1, fault);
  }

  private async send(
    response: ServerResponse,
    file: Source,
    start: number,
    end: number,
    fault: Fault | null,
  ): Promise<void> {
    const piece = fault?.kind === 'slow' ? Math.ceil((end - start) / fault.pieces) : 1 << 20;
    const stop = fault?.kind === 'cut' || fault?.kind === 'stall' ? Math.min(end, start + fault.after) : end;
    const closed = new Promise((resolve) => response.once('close', resolve));
    for (let at = start; at < stop && !response.destroyed; at += piece) {
      const bytes = await readBytes(file, at, Math.min(piece, stop - at));
      // Asked for before the piece goes out: what it waits for may come at once.
      const pause = fault?.kind === 'slow' && at + piece < stop ? fault.pause() : null;
      this.sent += bytes.length;
      if (!response.write(bytes))
        await Promise.race([new Promise((resolve) => response.once('drain', resolve)), closed]);
      await pause;
    }
    if (fault?.kind === 'stall') return fault.stalled();
    if (fault?.kind === 'cut') response.destroy();
    else response.end();
  }
}
