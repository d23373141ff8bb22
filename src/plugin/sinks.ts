import type { Encode, SinkFormat } from '../sink/sink.js';
import { Calls, lentPieces, shown } from './calls.js';

/** A plug-in's format of records as one of ours: what it gives is bytes, of all records that it was given. */
export function ownSink(plugin: string, sink: SinkFormat): SinkFormat {
  const { name } = sink;
  const calls = new Calls(plugin);
  return {
    name,
    extensions: [...sink.extensions],
    ...(sink.aliases === undefined ? {} : { aliases: [...sink.aliases] }),
    ...(sink.isStream === true && { isStream: true }),
    load: async () => {
      const what = `output format '${name}'`;
      const encode: unknown = await calls.ask(`${what}: load`, () => sink.load());
      if (typeof encode === 'function') return ownEncode(calls, what, encode as Encode);
      throw calls.failed(`${what}: load`, `expected a function, found ${shown(encode)}`);
    },
  };
}

function ownEncode(calls: Calls, what: string, encode: Encode): Encode {
  const check = (piece: unknown): Uint8Array => {
    if (piece instanceof Uint8Array) return piece;
    throw calls.failed(what, `expected bytes (a Uint8Array), found ${shown(piece)}`);
  };
  return async function* (batches, recordType, options) {
    let tookAll = false;
    const given = lentPieces(batches, () => {
      tookAll = true;
    });
    yield* calls.each(what, () => encode(given, recordType, options), check);
    // Records that it left out would be missing from a file that looks whole.
    if (!tookAll) throw calls.failed(what, 'expected all batches of records to be taken, and it ended before the last');
  };
}
