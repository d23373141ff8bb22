import { stat } from 'node:fs/promises';
import { remoteVersion } from '../../source/open-source.js';
import { isUrl, type ListedImage } from './images.js';

/**
 * What changes when an image does: size and time of a file, size and ETag of an object or a URL. Null when there is
 * nothing to tell by; such an image is done every time.
 */
export async function versionOf(image: ListedImage): Promise<string | null> {
  if (image.version !== null) return image.version;
  try {
    if (isUrl(image.location)) return await remoteVersion(image.location);
    const { size, mtimeNs } = await stat(image.source, { bigint: true });
    return `${size} ${mtimeNs}`;
  } catch {
    // The scan will say what is wrong with it.
    return null;
  }
}
