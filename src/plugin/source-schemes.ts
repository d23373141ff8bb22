import type { Source } from '../source/source.js';
import type { SourceScheme, StreamedBytes } from '../source/source-scheme.js';
import { ByteStream } from '../source/stream/byte-stream.js';
import { membersOf, sourceOfPlugin, textOf, wholeNumber } from './answers.js';
import { Calls, lent, shown } from './calls.js';

/** A plug-in's scheme as one of ours: it is asked for locations that begin with its name alone. */
export function ownScheme(plugin: string, scheme: SourceScheme): SourceScheme {
  const { name } = scheme;
  return {
    name,
    claims: (location) =>
      location.toLowerCase().startsWith(`${name}:`) && claimed(new Calls(plugin, location), scheme, location),
    open: async (location, options) => {
      const calls = new Calls(plugin, location);
      const what = `source scheme '${name}': open`;
      const { open } = lent({ open: async (inner: string): Promise<Source> => lent(await options.open(inner)) });
      const opened: unknown = await calls.ask(what, () => scheme.open(location, { ...options, open }));
      if (opened instanceof ByteStream) return opened;
      return 'pieces' in membersOf(calls, what, opened)
        ? streamOfPlugin(calls, what, opened)
        : sourceOfPlugin(calls, what, plugin, opened);
    },
  };
}

function claimed(calls: Calls, scheme: SourceScheme, location: string): boolean {
  const what = `source scheme '${scheme.name}': claims`;
  const answer: unknown = calls.askNow(what, () => scheme.claims(location));
  if (typeof answer === 'boolean') return answer;
  throw calls.failed(what, `expected true or false, found ${shown(answer)}`);
}

function streamOfPlugin(calls: Calls, what: string, opened: unknown): StreamedBytes {
  const { name, byteLength, close } = membersOf(calls, what, opened);
  const theirs = opened as StreamedBytes;
  const label = textOf(calls, what, 'name of the stream', name);
  const length = byteLength === null ? null : wholeNumber(calls, what, 'byteLength of the stream', byteLength);
  if (close !== undefined && typeof close !== 'function')
    throw calls.failed(what, `close: expected a function, found ${shown(close)}`);
  const check = (piece: unknown): Uint8Array => {
    if (piece instanceof Uint8Array) return piece;
    throw calls.failed(`reading ${label}`, `expected bytes (a Uint8Array), found ${shown(piece)}`);
  };
  return {
    name: label,
    byteLength: length,
    pieces: calls.each(`reading ${label}`, () => theirs.pieces, check),
    // All of its bytes are there, or are wanted no more: what closing meets changes nothing.
    close: () => void calls.ask(`closing ${label}`, () => theirs.close?.()).catch(() => undefined),
  };
}
