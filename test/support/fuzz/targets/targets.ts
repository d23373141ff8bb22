import type { FuzzTarget } from '../fuzz-target.js';
import { CONTAINER_TARGETS } from './containers.js';
import { SYMBOL_TARGETS } from './symbols.js';
import { TEXT_TARGETS } from './texts.js';
import { WRAPPER_TARGETS } from './wrappers.js';

/** Every parser that is fed with changed files. */
export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  ...CONTAINER_TARGETS,
  ...WRAPPER_TARGETS,
  ...SYMBOL_TARGETS,
  ...TEXT_TARGETS,
];
