import type { MemoryImage } from '../image/image.js';
import type { Doubt } from '../pool/proof/proof.js';

/** What the container itself says against every page of it, as a doubt of every tag. */
export function imageDoubts(image: Pick<MemoryImage, 'doubt'> | null): Doubt[] {
  return image?.doubt === undefined ? [] : [{ code: 'image-doubtful', message: image.doubt, slots: null }];
}
