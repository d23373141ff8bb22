import { EXIT_STATUS, type ErrorCode, type ErrorData, messageOf, PoolTrackerError } from '../errors.js';

/** Longer messages of plug-ins are cut. */
const MAX_MESSAGE = 2000;

/** Codes that a plug-in's errors cannot have: they are about the program, or about plug-ins. */
const NOT_ITS_OWN: readonly string[] = ['INTERNAL', 'PLUGIN_REFUSED', 'PLUGIN_FAILED'];

/** Errors of ours that only passed through a plug-in: a read of its source that failed. */
const ours = new WeakSet<object>();

/** What plug-ins were asked and have not answered yet. */
const pending = new Set<{ readonly calls: Calls; readonly what: string }>();

/** The error of a plug-in that was asked and will never answer, since the process ends; null where there is none. */
export function neverAnswered(): PoolTrackerError | null {
  const [call] = [...pending].slice(-1);
  return call === undefined ? null : call.calls.failed(call.what, 'it ended the program, or never answers');
}

/** The message of any thrown value, however odd: in one line, not too long. */
export function thrownMessage(error: unknown): string {
  try {
    const message = messageOf(error);
    const text = message.trim() === '' ? 'an error without a message' : message;
    return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}...` : text;
  } catch {
    return 'an error that cannot be shown';
  }
}

/** The code, hint and data of an error that names one of our codes, whichever copy of this package made it. */
function deliberate(error: unknown): { code: ErrorCode; hint?: string; data: ErrorData } | null {
  if (typeof error !== 'object' || error === null) return null;
  const { code, hint, data } = error as Record<string, unknown>;
  if (typeof code !== 'string' || !Object.hasOwn(EXIT_STATUS, code) || NOT_ITS_OWN.includes(code)) return null;
  const flat = Object.entries(typeof data === 'object' && data !== null ? data : {}).filter(
    ([, value]) => value === null || ['string', 'number', 'boolean'].includes(typeof value),
  );
  return {
    code: code as ErrorCode,
    data: Object.fromEntries(flat) as ErrorData,
    ...(typeof hint === 'string' && { hint: hint.slice(0, MAX_MESSAGE) }),
  };
}

/** Calls of one plug-in: whatever it throws becomes one error that names it. */
export class Calls {
  /** @param about the name of the file or location that it is asked about, for messages */
  constructor(
    private readonly plugin: string,
    private readonly about: string | null = null,
  ) {}

  /** It did what its contract does not allow. @param what it was asked, for the message: `format 'acme': open` */
  failed(what: string, why: string, cause?: unknown): PoolTrackerError {
    return new PoolTrackerError('PLUGIN_FAILED', this.named(`${what}: ${why}`), {
      data: { plugin: this.plugin, what },
      cause,
    });
  }

  private named(message: string): string {
    const of = this.about === null || message.includes(this.about) ? '' : `${this.about}: `;
    return `plug-in '${this.plugin}': ${of}${message}`;
  }

  /** What it threw, with its name; an error of ours as it was. */
  thrown(what: string, error: unknown): unknown {
    if (typeof error === 'object' && error !== null && ours.has(error)) return error;
    try {
      if (error instanceof PoolTrackerError && 'plugin' in error.data) return error;
      const known = deliberate(error);
      if (known === null) return this.failed(what, thrownMessage(error), error);
      return new PoolTrackerError(known.code, this.named(thrownMessage(error)), {
        ...known,
        data: { ...known.data, plugin: this.plugin },
        cause: (error as Error).cause ?? error,
      });
    } catch {
      // Looking at it throws as well.
      return this.failed(what, thrownMessage(error), error);
    }
  }

  /** Asks it something; what it answers is not checked. */
  async ask<T>(what: string, call: () => T | Promise<T>): Promise<T> {
    const entry = { calls: this, what };
    pending.add(entry);
    try {
      return await call();
    } catch (error) {
      throw this.thrown(what, error);
    } finally {
      pending.delete(entry);
    }
  }

  /** Asks it something that is answered at once. */
  askNow<T>(what: string, call: () => T): T {
    const entry = { calls: this, what };
    pending.add(entry);
    try {
      return call();
    } catch (error) {
      throw this.thrown(what, error);
    } finally {
      pending.delete(entry);
    }
  }

  /** What it makes, piece by piece; each is checked by `check`. */
  async *each<In, Out>(
    what: string,
    open: () => AsyncIterable<In> | Iterable<In>,
    check: (piece: In) => Out,
  ): AsyncGenerator<Out> {
    const iterable = await this.ask(what, open);
    const iterator = this.askNow(what, () => iteratorOf<In>(iterable));
    if (iterator === null) throw this.failed(what, `expected pieces one after another, found ${shown(iterable)}`);
    // What throws while it is asked for the next piece is over by itself.
    let isOver = true;
    try {
      for (;;) {
        isOver = true;
        const answer: IteratorResult<In, unknown> = await this.ask(what, () => iterator.next());
        if (typeof answer !== 'object' || answer === null)
          throw this.failed(what, `expected an answer of an iterator, found ${shown(answer)}`);
        if (answer.done === true) return;
        isOver = false;
        yield check(answer.value);
      }
    } finally {
      // Whoever leaves early has what it needs, or knows of something worse.
      if (!isOver) await this.ask(what, () => iterator.return?.()).catch(() => undefined);
    }
  }
}

function iteratorOf<T>(given: unknown): AsyncIterator<T> | Iterator<T> | null {
  if (typeof given !== 'object' || given === null) return null;
  if (Symbol.asyncIterator in given) return (given as AsyncIterable<T>)[Symbol.asyncIterator]();
  return Symbol.iterator in given ? (given as Iterable<T>)[Symbol.iterator]() : null;
}

/** A value as messages show what was found. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 60)}'`;
  if (typeof value === 'bigint') return `${value}n`;
  if (value === null || ['undefined', 'number', 'boolean'].includes(typeof value)) return String(value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Throws an error of ours on through a plug-in, from which it comes back as it was. */
function passOurs(error: unknown): never {
  if (typeof error === 'object' && error !== null) ours.add(error);
  throw error;
}

/** Pieces of ours as a plug-in is given them. */
export async function* lentPieces<T>(pieces: AsyncIterable<T>, onEnd: () => void): AsyncGenerator<T> {
  try {
    yield* pieces;
  } catch (error) {
    passOurs(error);
  }
  onEnd();
}

/** What stands in for an object of ours that a plug-in was given, by what stands in. */
const originals = new WeakMap<object, object>();

/**
 * An object of ours as a plug-in is given it: errors that its methods throw stay ours when they come back through the
 * plug-in.
 */
export function lent<T extends object>(original: T): T {
  const proxy = new Proxy(original, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (...words: unknown[]): unknown => {
        try {
          const answer: unknown = Reflect.apply(value, target, words);
          return answer instanceof Promise ? answer.catch(passOurs) : answer;
        } catch (error) {
          return passOurs(error);
        }
      };
    },
  });
  originals.set(proxy, original);
  return proxy;
}

/** The object of ours that a plug-in gave back as it was; null for its own. */
export function lentBefore(given: object): object | null {
  return originals.get(given) ?? null;
}
