import { stat } from 'node:fs/promises';
import { remoteVersion } from '../../source/open-source.js';
import { isUrl, type ListedImage } from './images.js';

/**
 * A string that changes when the image does: from size and time of a file, or size and ETag of an object or URL. Null
 * when there is nothing to tell a change by; such an image is scanned every time.
 */
export async function versionOf(image: ListedImage): Promise<string | null> {
  if (image.version !== null) return image.version;
  try {
    if (isUrl(image.location)) return await remoteVersion(image.location);
    const { size, mtimeNs } = await stat(image.source, { bigint: true });
    return `${size} ${mtimeNs}`;
  } catch {
    // The scan will report what is wrong with it.
    return null;
  }
}
