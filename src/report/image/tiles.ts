import { html, type Html } from '../page/html.js';
import { type Tile, tiles } from '../page/panel.js';
import { bytesText, countText, exact, NONE, plural, shareText } from '../page/units.js';
import { type Counts, type ImageFacts, sumOf, type TagFacts, wholeTags } from './facts.js';

function hover(text: string, title: string): Html {
  return html`<span title="${title}">${text}</span>`;
}

/** Sums are of certain counts alone; how many are left out is said. */
function without(tags: readonly TagFacts[], isMeant: (tag: TagFacts) => boolean): string {
  const left = tags.filter((tag) => !tag.complete && isMeant(tag)).length;
  return left === 0 ? '' : `; ${exact(left)} ◐ not in it`;
}

function poolTile(tags: readonly TagFacts[], heading: string, pool: 'nonpaged' | 'paged'): Tile {
  const uses = (tag: TagFacts): boolean => tag[pool].outstanding !== 0n || tag[pool].bytes !== 0n;
  const sure = wholeTags(tags).filter(uses);
  const bytes = sumOf(sure, (tag) => tag[pool].bytes);
  return {
    heading,
    look: pool,
    value:
      sure.length === 0 && tags.some((tag) => !tag.complete && uses(tag))
        ? NONE
        : hover(bytesText(bytes), `${exact(bytes)} bytes`),
    note: `${plural(sure.length, 'tag')}${without(tags, uses)}`,
  };
}

/** Five numbers; what is not known is no number. */
export function imageTiles({ tags, processes, processShortfall }: ImageFacts): Html {
  const sure = wholeTags(tags);
  const nothingSure = sure.length === 0 && tags.length > 0;
  const outstanding = (counts: Counts): bigint => counts.outstanding;
  const used = sumOf(sure, outstanding);
  const made = sumOf(sure, ({ allocs }) => allocs);
  const bytes = sumOf(sure, (tag) => tag.bytes);
  const nameless = sure.filter(({ driver }) => driver === null);
  const ended = processes.filter((row) => row.exit_time !== null).length;
  return tiles([
    poolTile(tags, 'Nonpaged pool', 'nonpaged'),
    poolTile(tags, 'Paged pool', 'paged'),
    {
      heading: 'Allocations outstanding',
      value: nothingSure ? NONE : hover(countText(used), exact(used)),
      note: `${nothingSure ? 'none is certain' : `of ${countText(made)} made since the start`}${without(tags, ({ outstanding: count }) => count !== 0n)}`,
    },
    {
      heading: 'No name known',
      look: 'unknown',
      value: nothingSure
        ? NONE
        : shareText(
            sumOf(nameless, (tag) => tag.bytes),
            bytes,
          ),
      note: `of the bytes, ${exact(tags.filter(({ driver }) => driver === null).length)} of ${plural(tags.length, 'tag')}`,
    },
    {
      heading: 'Processes',
      value: processes.length === 0 ? NONE : exact(processes.length - ended),
      note:
        processes.length === 0
          ? `not read${processShortfall === null ? '' : ': see below'}`
          : ended === 0
            ? 'running'
            : `running; ${exact(ended)} ended and still held`,
    },
  ]);
}
