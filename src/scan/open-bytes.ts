import { aff4 } from '../image/aff4/aff4.js';
import { PROBE_LENGTH } from '../image/image-format.js';
import { ByteStream } from '../source/stream/byte-stream.js';
import { openLocation } from '../source/open-source.js';
import { sourceBytes } from '../source/source-bytes.js';
import { readBytes, type Source } from '../source/source.js';
import { spool } from '../source/local/spool.js';
import { WRAPPER_HEAD } from '../source/wrapper/wrapper.js';
import { WrapperInput } from '../source/reading/byte-reader.js';
import { detectWrapper, unwrap } from '../source/wrapper/wrappers.js';

/**
 * Opens whatever `location` names, out of its wrapper when it is in one: as a Source where it can be read here and
 * there, as a stream where not.
 * @param folder where streams are spooled, which makes Sources of them
 * @throws PoolTrackerError for whatever stands between the name and the bytes
 */
export async function openBytes(location: string, folder?: string): Promise<Source | ByteStream> {
  const opened = await openLocation(location);
  try {
    const unwrapped = opened instanceof ByteStream ? await unwrapStream(opened) : await unwrapSource(opened);
    return unwrapped instanceof ByteStream && folder !== undefined ? await spool(unwrapped, folder) : unwrapped;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function unwrapSource(source: Source): Promise<Source | ByteStream> {
  const head = await readBytes(source, 0, PROBE_LENGTH);
  // An AFF4 volume is a zip file by its format, not in a wrapper.
  const wrapper = aff4.probe(head, source) ? null : detectWrapper(head);
  if (wrapper === null) return source;
  const indexed = await wrapper.openIndexed?.(source);
  if (indexed != null) return indexed;
  const size = (await wrapper.unwrappedSize?.(source)) ?? null;
  return new ByteStream(source.name, size, unwrap(wrapper, sourceBytes(source), source.name), source);
}

async function unwrapStream(stream: ByteStream): Promise<ByteStream> {
  if (stream.direct !== null && detectWrapper(await stream.direct.peek(WRAPPER_HEAD)) === null) return stream;
  const input = new WrapperInput(stream.bytes, stream.name, 'stream');
  const wrapper = detectWrapper(await input.peek(WRAPPER_HEAD));
  return wrapper === null
    ? new ByteStream(stream.name, stream.claimedLength, input.rest(), stream)
    : new ByteStream(stream.name, null, unwrap(wrapper, input.rest(), stream.name), stream);
}
