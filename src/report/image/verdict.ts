import type { ImageColumns } from '../../record/rows/rows.js';
import type { Row } from '../../record/schema/record-type.js';
import { type Content, foreign, html, type Html, joined, tagText } from '../page/html.js';
import type { Verdict } from '../page/panel.js';
import { exact, plural } from '../page/units.js';
import { INCOMPLETE_MARK, isOdd, ODD_MARK } from './all-tags.js';
import { type ImageFacts, isAllInDoubt, isBelowZero, type TagFacts } from './facts.js';
import { hiddenAmong } from './process-lists.js';

const LOCATED: Readonly<Record<string, string>> = {
  'known-build': 'Tables located because the build is known',
  symbols: 'Tables located by the symbol file',
  kdbg: 'Tables located by the kernel’s debugger block',
  structure: 'Tables located by their structure',
  carve: 'Tables put together from pages (carved)',
};
/** Names in one line of the banner, and lines of one kind. */
const [NAMES, LINES] = [6, 6];

function names(tags: readonly TagFacts[]): Html {
  const links = tags.slice(0, NAMES).map(({ row, tag }) => html`<a href="#row-${row}">${tagText(tag)}</a>`);
  return html`${joined(links, ', ')}${tags.length > NAMES ? ` and ${exact(tags.length - NAMES)} more` : ''}`;
}

function incompleteLine(tags: readonly TagFacts[]): Content {
  const doubtful = tags.filter(({ complete }) => !complete);
  if (doubtful.length === 0) return null;
  const all = doubtful.length === tags.length;
  const [first, rest] = all
    ? [
        `Every tag is marked`,
        'its counts may be too low or too high by what is missing, or the evidence does not decide.',
      ]
    : [
        `${exact(doubtful.length)} of ${plural(tags.length, 'tag')} ${doubtful.length === 1 ? 'is' : 'are'} marked`,
        `${doubtful.length === 1 ? 'its' : 'their'} counts may be too low or too high by what the missing part holds. All others are certain.`,
      ];
  return html`<b>${first} <span class="is-doubt">◐</span></b
    >: ${rest} <a href="#only-${INCOMPLETE_MARK}">See them in the table</a>`;
}

/** Which processors' tables lack pages; the reason behind the doubt `pages-missing`. */
function missingPages({ tables = [], entries_missing: entries }: ImageColumns): Content[] {
  const lacking = tables.filter(({ pages_missing: missing }) => (missing ?? 0) > 0);
  const lines = lacking.slice(0, LINES).map(({ processor, pages_missing: missing }) => {
    const whose = processor === null ? 'a table' : `processor ${processor}’s table`;
    const also = lacking.length === 1 ? `: ${plural(Number(entries), 'entry', 'entries')} not read` : '';
    return `${plural(missing!, 'page')} of ${whose} ${missing === 1 ? 'is' : 'are'} missing${also}`;
  });
  return lacking.length > LINES ? [...lines, `and pages of ${exact(lacking.length - LINES)} more tables`] : lines;
}

/** Warnings that are doubts say the same in other words; of many the first are shown. */
function otherDoubts(image: ImageColumns): Content[] {
  const doubts = (image.doubts ?? []).filter(({ code }) => code !== 'pages-missing' && code !== 'tag-impossible');
  const told = new Set((image.doubts ?? []).map(({ code }) => code as string));
  const lines = [
    ...doubts.map(({ message, count }) =>
      count === 1 ? message : `${message}; and ${exact(count - 1)} more of this kind`,
    ),
    ...image.warnings.filter(({ code }) => !told.has(code)).map(({ message }) => message),
  ];
  const rest = lines.length - LINES;
  return [
    ...lines.slice(0, LINES).map(foreign),
    ...(rest > 0 ? [`and ${exact(rest)} more: pool-tracker info lists them`] : []),
  ];
}

function oddLines(tags: readonly TagFacts[]): Content[] {
  const odd = tags.filter(isOdd);
  const torn = odd.filter(({ consistency }) => consistency === 'torn');
  const below = odd.filter((tag) => isBelowZero(tag) && !torn.includes(tag));
  const others = odd.filter((tag) => !isBelowZero(tag) && !torn.includes(tag));
  const all = html`<a href="#only-${ODD_MARK}">See them in the table</a>`;
  return [
    below.length > 0 &&
      html`${plural(below.length, 'tag counts', 'tags count')} fewer than 0: ${names(below)}. No running kernel counts
      so: a part is missing, or memory changed while it was taken. ${all}`,
    others.length > 0 &&
      html`${plural(others.length, 'tag’s counters contradict', 'tags’ counters contradict')} each other:
      ${names(others)}. ${all}`,
    torn.length > 0 &&
      html`${plural(torn.length, 'tag is', 'tags are')} off by a few: ${names(torn)}. Memory was taken between an
      allocation and its count, as on any machine that runs.`,
  ].filter((line) => line !== false);
}

function hiddenLine(hidden: readonly Row[]): Content {
  if (hidden.length === 0) return null;
  const shown = hidden.slice(0, NAMES).map((row) => html`${foreign(row.name as string)} (${row.pid as number})`);
  return html`<b class="is-suspect">◆ ${plural(hidden.length, 'process', 'processes')}</b>
    run${hidden.length === 1 ? 's' : ''} and ${hidden.length === 1 ? 'is' : 'are'} missing from a list that has all:
    ${joined(shown, ', ')}${hidden.length > NAMES ? ` and ${exact(hidden.length - NAMES)} more` : ''}.
    <a href="#processes">See the lists</a>`;
}

/** What could not be checked, though nothing speaks against it. */
function unproved({
  processors,
  doubts = [],
  facts = [],
  located_by: locatedBy,
  other_systems: others = [],
}: ImageColumns): Content[] {
  const unknown = facts.filter(({ outcome }) => outcome === 'unknown');
  return [
    (processors === null || processors === undefined) && !doubts.some(({ code }) => code === 'processors-unknown')
      ? 'The number of processors is not known, so it is not proved that every table was found.'
      : null,
    unknown.length > 0 &&
      html`Not checked:
      ${joined(
        unknown.slice(0, LINES).map(({ fact, detail }) => html`${fact} (${foreign(detail)})`),
        '; ',
      )}.`,
    locatedBy === 'carve' &&
      'The tables were put together from single pages, and which copy of a page is live is judged, not read.',
    others.length > 0 &&
      `${plural(others.length, 'other system')} in the same memory ${others.length === 1 ? 'is' : 'are'} not in this report; pool-tracker scan --all-systems answers for each.`,
  ].filter((line) => line !== null && line !== false);
}

function proof({ image }: ImageFacts): Html {
  const share = image.hash_law_share as number | null | undefined;
  const missing = Number(image.pages_missing ?? 0);
  const processors = image.processors ?? null;
  const seen = image.processors_seen as number;
  return html`${LOCATED[String(image.located_by)] ?? 'Tables located'};
  ${share === null || share === undefined ? '' : `${(Math.floor(share * 1000) / 10).toFixed(1)} % of the keys lie where the kernel’s hash puts them; `}${exact(seen)}
  of ${processors === null ? 'an unknown number of' : exact(processors as number)} processors summed;
  ${missing === 0 ? 'no page missing' : html`<b class="is-doubt">${plural(missing, 'page')} missing</b>`}.`;
}

/** Whether a reader may believe the report: the worst that is known decides. */
export function imageVerdict(facts: ImageFacts): Verdict {
  const { image, tags, processes } = facts;
  const incomplete = [incompleteLine(tags), ...missingPages(image), ...otherDoubts(image)].filter(
    (line) => line !== null,
  );
  const odd = [...oddLines(tags), hiddenLine(processes.filter(hiddenAmong(facts.objects, isAllInDoubt(image))))].filter(
    (line) => line !== null,
  );
  const open = unproved(image);
  const isIncomplete = image.status !== 'ok' || tags.some(({ complete }) => !complete);
  const doubts = [...incomplete, ...odd, ...open];
  const rest = { doubts, proof: proof(facts) };
  if (isIncomplete) return { look: 'doubt', sign: '◐', heading: 'Incomplete: read this before the numbers', ...rest };
  if (odd.length > 0) return { look: 'doubt', sign: '≠', heading: 'Complete, but it does not add up', ...rest };
  if (open.length > 0) return { look: 'doubt', sign: '?', heading: 'Not everything could be proved', ...rest };
  return { look: 'good', sign: '✓', heading: 'Every count is exact', ...rest };
}
