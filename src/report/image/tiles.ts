import { html, type Html } from '../page/html.js';
import { type Tile, tiles } from '../page/panel.js';
import { bytesText, countText, exact, NONE, plural, shareText } from '../page/units.js';
import { type Counts, type ImageFacts, lacksTags, sumOf, type TagFacts, wholeTags } from './facts.js';
import { partlyRead } from './process-lists.js';

function hover(text: string, title: string): Html {
  return html`<span title="${title}">${text}</span>`;
}

/** Sums are of certain counts alone; what is left out is said: the missing part of a tag may be of either pool. */
function without(tags: readonly TagFacts[], image: ImageFacts['image']): string {
  const left = tags.length - wholeTags(tags).length;
  return `${left === 0 ? '' : `; ${exact(left)} ◐ not in it`}${lacksTags(image) ? '; ◐ tags may be missing' : ''}`;
}

function poolTile({ tags, image }: ImageFacts, heading: string, pool: 'nonpaged' | 'paged'): Tile {
  const uses = (tag: TagFacts): boolean => tag[pool].outstanding !== 0n || tag[pool].bytes !== 0n;
  const sure = wholeTags(tags).filter(uses);
  const bytes = sumOf(sure, (tag) => tag[pool].bytes);
  return {
    heading,
    look: pool,
    value:
      sure.length === 0 && tags.some(({ complete }) => !complete)
        ? NONE
        : hover(bytesText(bytes), `${exact(bytes)} bytes`),
    note: `${plural(sure.length, 'tag')}${without(tags, image)}`,
  };
}

/** Five numbers; what is not known is no number. */
export function imageTiles(facts: ImageFacts): Html {
  const { image, tags, processes, processShortfall, objects } = facts;
  const sure = wholeTags(tags);
  const nothingSure = sure.length === 0 && tags.length > 0;
  const outstanding = (counts: Counts): bigint => counts.outstanding;
  const used = sumOf(sure, outstanding);
  const made = sumOf(sure, ({ allocs }) => allocs);
  const bytes = sumOf(sure, (tag) => tag.bytes);
  const nameless = sure.filter(({ driver }) => driver === null);
  const partly = partlyRead(objects).length === 0 ? '' : '; ◐ a list was read in part';
  const ended = processes.filter((row) => row.exit_time !== null).length;
  return tiles([
    poolTile(facts, 'Nonpaged pool', 'nonpaged'),
    poolTile(facts, 'Paged pool', 'paged'),
    {
      heading: 'Allocations outstanding',
      value: nothingSure ? NONE : hover(countText(used), exact(used)),
      note: `${nothingSure ? 'none is certain' : `of ${countText(made)} made since the start`}${without(tags, image)}`,
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
      note: `of the bytes, ${exact(tags.filter(({ driver }) => driver === null).length)} of ${plural(tags.length, 'tag')}${without(tags, image)}`,
    },
    {
      heading: 'Processes',
      value: processes.length === 0 ? NONE : exact(processes.length - ended),
      note:
        processes.length === 0
          ? `not read${processShortfall === null ? '' : ': see below'}`
          : ended === 0
            ? `running${partly}`
            : `running; ${exact(ended)} ended and still held${partly}`,
    },
  ]);
}
