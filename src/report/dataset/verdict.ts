import { type Content, foreign, html, type Html, joined, shortened } from '../page/html.js';
import type { Verdict } from '../page/panel.js';
import { exact, plural, upTo } from '../page/units.js';
import { FAILED_MARK, INCOMPLETE_MARK, tableOrder } from './all-captures.js';
import type { Capture, DatasetFacts } from './facts.js';
import { MAX_NAMED } from './questions.js';

const SHOWN = 10;
const MAX_WHY = 120;
const PATHS = 3;

/** Of a long reason the first clause; the table has all of it. */
function shortWhy(why: string | null): Html {
  if (why === null) return foreign('no reason was recorded');
  if (why.length <= MAX_WHY) return foreign(why);
  const clause = /^.{20,}?(?=[:;] )/s.exec(why)?.[0] ?? why;
  return html`<span title="${why}">${foreign(shortened(clause, MAX_WHY))}</span>`;
}

function line({ state, path, why, errorCode }: Capture, row: number): Content {
  const mark =
    state === 'failed' ? html`<b class="is-failed">✕ failed</b>` : html`<b class="is-doubt">◐ incomplete</b>`;
  const what = state === 'failed' ? '' : '; it is left out of every sum below';
  return html`${mark} <code>${foreign(path)}</code>:
    ${shortWhy(why)}${errorCode === null ? '' : ` (${errorCode})`}${what}. <a href="#row-${row}">See</a>`;
}

/** Files that are in no number, since they were taken for no image. */
function passedOverLine(files: DatasetFacts['passedOver']): Content {
  // The reason names the file.
  const few = files.slice(0, PATHS).map(({ path, reason }) => (reason === null ? foreign(path) : foreign(reason)));
  const count = `${upTo(files.length, MAX_NAMED)} ${files.length === 1 ? 'file was' : 'files were'}`;
  return html`${count} passed over: ${joined(few, '; ')}${files.length > PATHS ? ' …' : ''}`;
}

/** What is not whole, before any number. */
export function datasetVerdict({ captures, captureCount, brokenCount, tagRecords, passedOver }: DatasetFacts): Verdict {
  const broken = tableOrder(captures).filter(({ state }) => state !== 'whole');
  const brokenInAll = brokenCount.incomplete + brokenCount.failed;
  const more = brokenInAll - Math.min(broken.length, SHOWN);
  const doubts: Content[] = broken.slice(0, SHOWN).map(line);
  if (more > 0)
    doubts.push(
      html`and ${exact(more)} more: <a href="#only-${FAILED_MARK}">${plural(brokenCount.failed, 'failed one')}</a>,
        <a href="#only-${INCOMPLETE_MARK}">${plural(brokenCount.incomplete, 'incomplete one')}</a>`,
    );
  const timeless = captures.filter(({ time, state }) => time === null && state === 'whole').length;
  if (timeless > 0)
    doubts.push(
      `${plural(timeless, 'whole capture has', 'whole captures have')} no time: growth cannot be told of them.`,
    );
  if (captures.length < captureCount)
    doubts.push(
      `This page shows ${exact(captures.length)} of ${plural(captureCount, 'capture')}; the questions below were asked of all.`,
    );
  const isGood = doubts.length === 0;
  if (passedOver.length > 0) doubts.push(passedOverLine(passedOver));
  const whole = captureCount - brokenInAll;
  const proof = `${broken.length === 0 ? 'All' : 'All other'} captures are whole: ${exact(whole)}, with ${plural(tagRecords, 'record')} of tags in the dataset.`;
  if (captureCount === 0)
    return { look: 'doubt', sign: '?', heading: 'The dataset has no capture', doubts, proof: 'Nothing was read.' };
  if (broken.length === 0)
    return {
      look: isGood ? 'good' : 'doubt',
      sign: isGood ? '✓' : '?',
      heading: captureCount === 1 ? 'The one capture is whole' : `All ${plural(captureCount, 'capture')} are whole`,
      doubts,
      proof,
    };
  return {
    look: 'doubt',
    sign: '◐',
    heading: `${exact(brokenInAll)} of ${plural(captureCount, 'capture')} ${brokenInAll === 1 ? 'is' : 'are'} not whole`,
    doubts,
    proof,
  };
}
