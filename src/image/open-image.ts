import { PoolTrackerError } from '../errors.js';
import { readBytes, type Source } from '../source/source.js';
import { IMAGE_FORMATS } from './formats.js';
import { PROBE_LENGTH, type ImageFormat } from './image-format.js';
import type { MemoryImage } from './image.js';

async function formatOf(source: Source): Promise<ImageFormat> {
  const head = await readBytes(source, 0, PROBE_LENGTH);
  for (const format of IMAGE_FORMATS) {
    if (await format.probe(head, source)) return format;
  }
  throw new PoolTrackerError('NOT_AN_IMAGE', `${source.name} is not a memory image: no known format claims it`);
}

/**
 * Opens whatever container the source holds.
 * @param forced a format's name, to skip the probes
 * @throws PoolTrackerError USAGE for an unknown format name; NOT_AN_IMAGE, FORMAT_REFUSED, FORMAT_DAMAGED
 */
export async function openImage(source: Source, forced?: string): Promise<MemoryImage> {
  if (forced === undefined) return (await formatOf(source)).open(source);
  const format = IMAGE_FORMATS.find((candidate) => candidate.name === forced);
  if (format === undefined) {
    const names = IMAGE_FORMATS.map((candidate) => candidate.name).join(', ');
    throw new PoolTrackerError('USAGE', `no image format is named '${forced}'`, { hint: `one of: ${names}` });
  }
  return format.open(source);
}
