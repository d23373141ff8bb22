import type { ReadableStream } from 'node:stream/web';
import { type Clock, SYSTEM_CLOCK } from '../../clock.js';
import { messageOf, PoolTrackerError } from '../../errors.js';
import { ByteStream } from '../stream/byte-stream.js';
import {
  type Alive,
  IDLE_LIMIT,
  paced,
  retried,
  RETRY,
  retryAfter,
  type RetryPolicy,
  Transient,
  withIdleLimit,
} from './retry.js';
import { decodedCredential, locationName, type Source } from '../source.js';
import {
  bodyBytes,
  changed,
  companion,
  HEAD_BYTES,
  parseContentRange,
  RemoteObject,
  requireSameVersion,
  type ObjectVersion,
} from './remote-object.js';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MAX_REDIRECTS = 5;

/** Status codes worth a retry. */
const TRANSIENT = new Set([408, 425, 429, 500, 502, 503, 504]);

export interface HttpOptions {
  readonly retry?: RetryPolicy;
  /** Milliseconds without a byte after which a request is aborted and retried. */
  readonly idleLimit?: number;
  /** Whether redirects to other hosts are followed; only those within a host by default. */
  readonly allowRedirects?: boolean;
  /** Default: the system clock. */
  readonly clock?: Clock;
}

/** The response to a range request: the range, or the whole object from a server that ignores ranges. */
type Answer =
  | { readonly kind: 'range'; readonly bytes: Uint8Array; readonly version: ObjectVersion }
  | { readonly kind: 'whole'; readonly stream: ByteStream };

/** A URL without its user part, which fetch rejects, and that part as a header. */
export function authorized(location: URL): { url: URL; headers: Readonly<Record<string, string>> } {
  const url = new URL(location);
  url.username = '';
  url.password = '';
  url.hash = '';
  const user = `${decodedCredential(location.username)}:${decodedCredential(location.password)}`;
  return { url, headers: user === ':' ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` } };
}

/** One URL, requested repeatedly. Credentials in its user part or query stay out of `name`. */
class HttpObject {
  readonly name: string;
  private readonly url: URL;
  private readonly credentials: Readonly<Record<string, string>>;

  constructor(
    location: URL,
    private readonly options: HttpOptions,
  ) {
    ({ url: this.url, headers: this.credentials } = authorized(location));
    this.name = locationName(location.href);
  }

  /** @throws PoolTrackerError SOURCE_NOT_FOUND, SOURCE_NOT_PERMITTED, SOURCE_CHANGED, SOURCE_UNREADABLE */
  request(offset: number, length: number, opened: ObjectVersion | null): Promise<Answer> {
    const { retry = RETRY, idleLimit = IDLE_LIMIT, clock } = this.options;
    const attempt = async (signal: AbortSignal, alive: Alive): Promise<Answer> => {
      try {
        return await this.attempt(offset, length, opened, signal, alive);
      } catch (error) {
        if (error instanceof PoolTrackerError || error instanceof Transient) throw error;
        throw new Transient(this.unreadable(reasonOf(error), error));
      }
    };
    return retried(retry, () => withIdleLimit(idleLimit, attempt, clock), clock);
  }

  private async attempt(
    offset: number,
    length: number,
    opened: ObjectVersion | null,
    signal: AbortSignal,
    alive: Alive,
  ): Promise<Answer> {
    const response = await this.answer(this.headers(offset, length, opened), signal);
    alive(Infinity);
    if (response.status === 200) return { kind: 'whole', stream: this.whole(response) };
    if (response.status !== 206) {
      await response.body?.cancel();
      if (response.status === 416 && response.headers.get('content-range') === 'bytes */0')
        return { kind: 'range', bytes: new Uint8Array(0), version: versionOf(response, 0) };
      throw this.refusal(response);
    }
    const found = parseContentRange(response.headers.get('content-range'));
    const expectedLast = Math.min(offset + length, found?.total ?? Infinity) - 1;
    if (found === null || found.first !== offset || found.last !== expectedLast || response.body === null) {
      await response.body?.cancel();
      throw new Transient(
        this.unreadable(
          `asked for bytes ${offset} to ${expectedLast}, the server says '${response.headers.get('content-range') ?? 'nothing'}'`,
        ),
      );
    }
    const version = versionOf(response, found.total);
    if (opened !== null) requireSameVersion(this.name, opened, version);
    return {
      kind: 'range',
      bytes: await bodyBytes(response.body as ReadableStream<Uint8Array>, found.last - found.first + 1, alive),
      version,
    };
  }

  /** The answer behind redirects within the server; to others only where that is allowed, and without credentials. */
  private async answer(headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    let url = this.url;
    for (let hops = 0; ; hops++) {
      const isOwn = url.host === this.url.host;
      const { authorization: _, ...others } = headers;
      const response = await fetch(url, { headers: isOwn ? headers : others, signal, redirect: 'manual' });
      const target = REDIRECTS.has(response.status) ? response.headers.get('location') : null;
      if (target === null) return response;
      await response.body?.cancel();
      if (hops === MAX_REDIRECTS) throw this.unreadable(`it is redirected more than ${MAX_REDIRECTS} times`);
      const next = URL.canParse(target, url.href) ? new URL(target, url) : null;
      if (next === null || !/^https?:$/.test(next.protocol))
        throw this.unreadable(
          `it is redirected to ${JSON.stringify(target.slice(0, 200))}, which is no URL of a server`,
        );
      // The same host over TLS is the same host.
      const isKept = next.hostname === url.hostname && (next.host === url.host || next.protocol === 'https:');
      if (!isKept && this.options.allowRedirects !== true)
        throw new PoolTrackerError(
          'SOURCE_NOT_PERMITTED',
          `cannot read ${this.name}: the server redirects to another one, ${next.origin}`,
          { hint: 'name that URL, or add --allow-redirects' },
        );
      if (url.protocol === 'https:' && next.protocol === 'http:')
        throw this.unreadable(`it is redirected from https to ${next.origin}, where anyone may change it`);
      url = authorized(next).url;
    }
  }

  private headers(offset: number, length: number, opened: ObjectVersion | null): Record<string, string> {
    const strong = opened?.etag != null && !opened.etag.startsWith('W/');
    return {
      range: `bytes=${offset}-${offset + length - 1}`,
      // A range of a compressed response would be useless.
      'accept-encoding': 'identity',
      ...this.credentials,
      ...(strong ? { 'if-match': opened.etag! } : {}),
    };
  }

  /** The response body as a stream, so that a server without ranges gets only one request. */
  private whole(response: Response): ByteStream {
    const length = Number(response.headers.get('content-length') ?? NaN);
    const { name } = this;
    const { idleLimit = IDLE_LIMIT, clock = SYSTEM_CLOCK } = this.options;
    async function* pieces(): AsyncGenerator<Uint8Array> {
      const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
      if (reader === undefined) return;
      // Only the time that the server takes counts, not that of who reads.
      let waited = 0;
      const alive = paced(() => (waited = 0));
      try {
        for (;;) {
          const since = clock.now();
          const alarm = clock.alarm(idleLimit, () => {
            waited = Infinity;
            void reader.cancel().catch(() => undefined);
          });
          const { done, value } = await reader.read().finally(() => alarm.cancel());
          waited += clock.now() - since;
          if (waited > idleLimit) throw new Error(`in ${idleLimit / 1000} s next to nothing came`);
          if (done) return;
          alive(value.length);
          yield value;
        }
      } catch (error) {
        throw new PoolTrackerError('SOURCE_UNREADABLE', `cannot read ${name}: ${reasonOf(error)}`, {
          hint: 'the server does not take up where it stopped; try again',
          cause: error,
        });
      } finally {
        void reader.cancel().catch(() => undefined);
      }
    }
    return new ByteStream(name, Number.isSafeInteger(length) ? length : null, pieces());
  }

  private refusal({ status, statusText, headers }: Response): Error {
    if (status === 412) return changed(this.name, 'its ETag is another one now');
    if (status === 404 || status === 410)
      return new PoolTrackerError(
        'SOURCE_NOT_FOUND',
        `cannot read ${this.name}: the server answers ${status} ${statusText}`,
        { hint: 'check the URL' },
      );
    if (status === 401 || status === 403)
      return new PoolTrackerError(
        'SOURCE_NOT_PERMITTED',
        `cannot read ${this.name}: the server answers ${status} ${statusText}`,
        { hint: 'give credentials as https://USER:PASSWORD@HOST/…, or a signed URL' },
      );
    const error = this.unreadable(`the server answers ${status} ${statusText}`);
    return TRANSIENT.has(status) ? new Transient(error, retryAfter(headers.get('retry-after'))) : error;
  }

  private unreadable(why: string, cause?: unknown): PoolTrackerError {
    return new PoolTrackerError('SOURCE_UNREADABLE', `cannot read ${this.name}: ${why}`, { cause });
  }
}

function versionOf({ headers }: Response, byteLength: number): ObjectVersion {
  return { byteLength, etag: headers.get('etag'), lastModified: headers.get('last-modified') };
}

/** The real reason: fetch says "fetch failed" and puts the reason in the cause. */
function reasonOf(error: unknown): string {
  return messageOf(error instanceof Error && error.cause instanceof Error ? error.cause : error);
}

/**
 * Opens an http:// or https:// URL: as a Source when the server honours ranges, as a stream otherwise.
 * @throws PoolTrackerError USAGE for an invalid URL, SOURCE_NOT_FOUND, SOURCE_NOT_PERMITTED, SOURCE_UNREADABLE
 */
export async function openHttp(location: string, options: HttpOptions = {}): Promise<Source | ByteStream> {
  if (!URL.canParse(location))
    throw new PoolTrackerError('USAGE', 'the http:// or https:// name of an image is not a URL', {
      hint: 'write spaces as %20',
    });
  const url = new URL(location);
  const object = new HttpObject(url, options);
  const head = await object.request(0, HEAD_BYTES, null);
  if (head.kind === 'whole') return head.stream;
  return new RemoteObject(
    object.name,
    head.version.byteLength,
    head.bytes,
    async (offset, length) => {
      const answer = await object.request(offset, length, head.version);
      if (answer.kind === 'range') return answer.bytes;
      answer.stream.close();
      throw changed(object.name, 'the server no longer honours ranges');
    },
    (fileName) => openSibling(url, fileName, options),
  );
}

/** @param fileName URL-encoded, since it derives from the name of a Source */
function openSibling(url: URL, fileName: string, options: HttpOptions): Promise<Source | null> {
  const beside = new URL(`./${fileName}`, url);
  beside.search = url.search;
  beside.username = url.username;
  beside.password = url.password;
  return companion(openHttp(beside.href, options));
}
