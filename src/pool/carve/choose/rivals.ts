import { seededSlots } from '../../proof/proof.js';
import { wordsOf } from '../fit/page-collection.js';
import { entriesOnPage, type PlacedPage, type ShapedPages } from '../fit/table-shape.js';
import type { LivePages } from './live-pages.js';
import type { PageFamily } from './page-families.js';

/** Evidence, in bits, from which a shape of tables is believed. */
const SURE_SHAPE = 60;
/** Other tables with this share of the evidence make it doubtful which system is meant, where none has seeded tags. */
const RIVAL_SHARE = 0.5;
/** Share of the seeded tags from which tables are a kernel's. */
const SEEDED_SHARE = 0.5;

/** What the pages' own keys speak for their being of a table, in bits. */
export function evidenceOf(pages: readonly PlacedPage[]): number {
  return pages.reduce((sum, { page }) => sum + page.fit.score, 0);
}

/** The tables that are the system's: those with the tags that a kernel enters first, else those with the most keys; null when none is believable. */
export function mainTables(shapes: readonly ShapedPages[]): ShapedPages | null {
  const main = shapes.find((one) => seedShare(one) >= SEEDED_SHARE) ?? shapes[0];
  return main === undefined || evidenceOf(main.pages) < SURE_SHAPE ? null : main;
}

/**
 * Whether another system's tables are among the pages: those of an earlier boot, of a guest. What has the tags that a
 * kernel enters first is a kernel's; a session's table, which has none of them, is not.
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

/** Share of the tags that a kernel enters first that lie in their slots on these pages. */
function seedShare({ shape, pages }: ShapedPages): number {
  const seeds = seededSlots(shape.slots);
  const found = new Set<number>();
  for (const { page, index } of pages) {
    const words = wordsOf(page);
    for (const [slot, at] of entriesOnPage(shape, index)) if (seeds.get(slot) === words[at]) found.add(slot);
  }
  return found.size / seeds.size;
}

/** Share of the keys on places where copies were set aside, from which whole copies of the tables lie about. */
const COPIED_SHARE = 0.5;

/**
 * Where copies of whole tables lie about, a place without one is doubtful: what was taken for live may be the copy. So
 * is one whose live pages may be states of one page.
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
