import type { Warning } from '../errors.js';
import { DOUBTFUL } from '../image/image.js';
import type { Doubt } from '../pool/proof/proof.js';

/** What the container itself says against every page of it, as doubts of every tag. */
export function imageDoubts(warnings: readonly Warning[]): Doubt[] {
  return warnings
    .filter(({ code }) => code === DOUBTFUL)
    .map(({ message }) => ({ code: DOUBTFUL, message, slots: null }));
}

/** The warnings that are no such doubts: those are told among the doubts. */
export function withoutDoubts(warnings: readonly Warning[]): Warning[] {
  return warnings.filter(({ code }) => code !== DOUBTFUL);
}

/** What casts doubt on all that was read of an image, tables or not; null where nothing does. */
export function doubtOfAll(doubts: readonly Doubt[]): string | null {
  return doubts.find(({ code }) => code === DOUBTFUL)?.message ?? null;
}
