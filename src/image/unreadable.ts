import { hex, PAGE_SIZE } from '../address.js';
import { PoolTrackerError, systemErrorCode, type Warning } from '../errors.js';

/** Offsets that are kept, to count each page once. */
const MAX_KEPT = 1 << 20;

/**
 * Whether an error concerns only the bytes that were asked for: a bad sector, a compressed piece that does not unpack or
 * whose checksum is wrong. What lies elsewhere can still be read.
 */
export function isLocalDamage(error: unknown): error is PoolTrackerError {
  if (!(error instanceof PoolTrackerError)) return false;
  return error.data['local'] === true || (error.code === 'SOURCE_UNREADABLE' && systemErrorCode(error.cause) === 'EIO');
}

/** The pages of an image that could not be read although the image holds them. */
export class Unreadable {
  private readonly offsets = new Set<number>();
  private first: { readonly offset: number; readonly error: PoolTrackerError } | null = null;

  /** @param offset of the page in the image's source */
  note(offset: number, error: PoolTrackerError): void {
    this.first ??= { offset, error };
    if (this.offsets.size < MAX_KEPT) this.offsets.add(offset);
  }

  /** One warning for all of them; none where everything was read. */
  get warnings(): Warning[] {
    if (this.first === null) return [];
    const { offset, error } = this.first;
    const count = this.offsets.size;
    return [
      {
        code: 'image-unreadable',
        message: `${count === MAX_KEPT ? 'at least ' : ''}${count} ${count === 1 ? 'page' : 'pages'} of the image cannot be read and count as missing, the first at ${hex(offset)} of its contents: ${error.message}`,
      },
    ];
  }
}

/**
 * Reads what can be read of a range, page by page where that is needed.
 * @param read reads a part of the range; throws what `isLocalDamage` tells
 * @param tell receives each page that cannot be read, by its offset in the range
 */
export async function readAround(
  length: number,
  read: (from: number, to: number) => Promise<boolean>,
  tell: (from: number, error: PoolTrackerError) => void,
): Promise<boolean> {
  try {
    return await read(0, length);
  } catch (error) {
    if (!isLocalDamage(error)) throw error;
    if (length <= PAGE_SIZE) {
      tell(0, error);
      return false;
    }
  }
  let isWhole = true;
  for (let from = 0; from < length; from += PAGE_SIZE) {
    const to = Math.min(from + PAGE_SIZE, length);
    try {
      isWhole = (await read(from, to)) && isWhole;
    } catch (error) {
      if (!isLocalDamage(error)) throw error;
      tell(from, error);
      isWhole = false;
    }
  }
  return isWhole;
}
