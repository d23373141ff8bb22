import { seededSlots } from '../../proof/proof.js';
import { wordsOf } from '../fit/page-collection.js';
import { entriesOnPage, type PlacedPage, type ShapedPages } from '../fit/table-shape.js';
import type { LivePages } from './live-pages.js';
import type { PageFamily } from './page-families.js';

/** Minimum evidence, in bits, for a table shape to be accepted. */
const SURE_SHAPE = 60;
/** Share of the evidence from which other tables are rivals, where none has seeded tags. */
const RIVAL_SHARE = 0.5;
/** Minimum share of the seeded tags in a kernel's tables. */
const SEEDED_SHARE = 0.5;

/** Evidence from the pages' own keys that they belong to a table, in bits. */
export function evidenceOf(pages: readonly PlacedPage[]): number {
  return pages.reduce((sum, { page }) => sum + page.fit.score, 0);
}

/** The system's tables: those with the seeded tags, else those with the most keys; null when none is credible. */
export function mainTables(shapes: readonly ShapedPages[]): ShapedPages | null {
  const main = shapes.find((one) => seedShare(one) >= SEEDED_SHARE) ?? shapes[0];
  return main === undefined || evidenceOf(main.pages) < SURE_SHAPE ? null : main;
}

/**
 * Whether another system's tables are among the pages: of an earlier boot or a guest. Tables with the seeded tags are a
 * kernel's; a session's table, which has none of them, is not.
 */
export function rivalsOf(
  main: ShapedPages,
  others: readonly ShapedPages[],
  strangers: readonly PageFamily[],
): string | null {
  const isSeeded = seedShare(main) >= SEEDED_SHARE;
  const rival = others.find((other) =>
    isSeeded ? seedShare(other) >= SEEDED_SHARE : evidenceOf(other.pages) >= evidenceOf(main.pages) * RIVAL_SHARE,
  );
  if (rival !== undefined)
    return `tables of another shape are as believable: ${rival.shape.channel.layout.size}-byte entries, N = ${rival.shape.slots}, ${rival.pages.length} pages`;
  const strange = strangers.reduce((sum, family) => sum + family.score, 0);
  return strange >= SURE_SHAPE ? `${strangers.length} pages belong to another system's tables of the same shape` : null;
}

/** Share of the seeded tags that are in their slots on these pages. */
function seedShare({ shape, pages }: ShapedPages): number {
  const seeds = seededSlots(shape.slots);
  const found = new Set<number>();
  for (const { page, index } of pages) {
    const words = wordsOf(page);
    for (const [slot, at] of entriesOnPage(shape, index)) if (seeds.get(slot) === words[at]) found.add(slot);
  }
  return found.size / seeds.size;
}

/** Share of the keys at places with rejected copies from which the memory holds copies of whole tables. */
const COPIED_SHARE = 0.5;

/**
 * If the memory holds copies of whole tables, a place without a copy is doubtful: the page taken as live may be the
 * copy. So is a place whose live pages may be states of one page.
 */
export function doubtAmongCopies(found: Map<number, LivePages>): void {
  const all = [...found.values()];
  const isCopied = ({ setAside }: LivePages): boolean =>
    setAside.some(({ as, placed }) => as !== 'overwritten' || placed.page.copies > 1);
  const keysOf = (lives: readonly LivePages[]): number => lives.reduce((sum, { keys }) => sum + keys, 0);
  const copied = all.filter(isCopied);
  if (copied.length === 0) return;
  const areWhole = keysOf(copied) >= keysOf(all) * COPIED_SHARE;
  for (const live of all) {
    if (live.doubt !== null) continue;
    if (areWhole && !isCopied(live) && live.live.every(({ page }) => page.copies === 1))
      found.set(live.index, {
        ...live,
        doubt: 'other pages of the tables have copies, and this one has none: it may be the copy',
      });
    else if (live.mayBeOne && copied.length > 1)
      found.set(live.index, { ...live, doubt: 'two of its pages may be states of one, as copies of other pages are' });
  }
}
