import type { Warning } from '../../errors.js';
import { Container } from '../../source/reading/container.js';
import { fileNameOf, type Source } from '../../source/source.js';
import { partNameAfter } from './part-names.js';
import type { AffIndex } from './index-of-pages.js';

/** 000 to 999, then A00 to ZZZ. */
const MAX_PARTS = 1000 + 26 * 36 * 36;

/**
 * Opens the raw files that lie beside an .afm, and adds their pages to its index. Pages of a part that is not there, or
 * behind the end of one that is cut short, are in no page of the image.
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export async function openRawParts(index: AffIndex, warn: (warning: Warning) => void): Promise<Source[]> {
  const { container, sizeOfPages, pagesInRaw, wholeSize } = index;
  const own = fileNameOf(container.source);
  const dot = own.lastIndexOf('.');
  if (!/^[0-9a-z]{3}$/i.test(index.rawExtension) || dot < 0 || sizeOfPages === 0)
    throw container.damaged(`its raw parts end in '${index.rawExtension}'; expected three letters or digits`);
  const partSize = pagesInRaw * sizeOfPages;
  const count = partSize === 0 || wholeSize === null ? null : Math.ceil(wholeSize / partSize);
  const parts: Source[] = [];
  try {
    let extension: string | null = index.rawExtension;
    for (
      let number = 0;
      extension !== null && number < Math.min(count ?? (partSize === 0 ? 1 : MAX_PARTS), MAX_PARTS);
      number++
    ) {
      const name = `${own.slice(0, dot + 1)}${extension}`;
      const part = (await container.source.sibling?.(name)) ?? null;
      if (part === null) {
        if (count === null && number > 0) break;
        warn({
          code: 'image-companion-missing',
          message: `${name}, which holds a part of the image, is not beside it`,
        });
      } else {
        parts.push(part);
        addPages(index, new Container(part, 'raw part of an AFF image'), number * pagesInRaw);
      }
      extension = partNameAfter(extension);
    }
    return parts;
  } catch (error) {
    await Promise.all(parts.map((part) => part.close()));
    throw error;
  }
}

/** @param first number of the part's first page */
function addPages(index: AffIndex, part: Container, first: number): void {
  const size = index.sizeOfPages;
  const most = index.pagesInRaw === 0 ? Infinity : index.pagesInRaw;
  for (let number = 0; number < most && number * size < part.source.byteLength; number++) {
    const offset = number * size;
    index.addPage(first + number, {
      container: part,
      offset,
      stored: Math.min(size, part.source.byteLength - offset),
      flags: 0,
    });
  }
}
