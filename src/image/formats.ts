import type { ImageFormat } from './image-format.js';
import { raw } from './raw.js';

/** Asked in this order; the first that claims the source opens it. Raw has no magic, so it comes last. */
export const IMAGE_FORMATS: readonly ImageFormat[] = [raw];
