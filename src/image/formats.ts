import { crashDump64 } from './crash-dump-64.js';
import { elfCore } from './elf-core.js';
import type { ImageFormat } from './image-format.js';
import { lime } from './lime.js';
import { raw } from './raw.js';

/** Asked in this order; the first that claims the source opens it. Raw has no magic, so it comes last. */
export const IMAGE_FORMATS: readonly ImageFormat[] = [crashDump64, elfCore, lime, raw];
