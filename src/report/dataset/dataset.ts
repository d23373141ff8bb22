import { basename, resolve } from 'node:path';
import { PoolTrackerError } from '../../errors.js';
import { DatasetQuery } from '../../dataset/query/query.js';
import { whenAborted } from '../../work.js';
import { type Content, foreign, html } from '../page/html.js';
import { pageText } from '../page/page.js';
import { banner } from '../page/panel.js';
import { plural, timeText } from '../page/units.js';
import { allCaptures } from './all-captures.js';
import { buildsOf, buildsPanel } from './builds.js';
import { decided } from './decided.js';
import { type DatasetFacts, takenAt } from './facts.js';
import { gatherDataset } from './gather.js';
import { growth } from './growth.js';
import { oddHostPanel } from './odd-hosts.js';
import { datasetTiles } from './tiles.js';
import { topTagsPanel } from './top-tags.js';
import { unlikeOthers } from './unlike-others.js';
import { datasetVerdict } from './verdict.js';

function about({ captures, captureCount }: DatasetFacts, name: string): Content[] {
  const times = captures.map(takenAt).filter((time) => time !== null);
  const [first, last] = times.reduce(([a, b], time) => [Math.min(a, time), Math.max(b, time)], [Infinity, -Infinity]);
  return [
    html`dataset <b>${foreign(name)}</b>`,
    times.length === 0
      ? 'no capture time known'
      : html`<b>${timeText(first, true)}</b> to <b>${timeText(last, true)}</b> UTC`,
    html`<b>${plural(captureCount, 'capture')}</b>`,
    html`<b>${plural(buildsOf(captures).length, 'build')}</b> of Windows`,
  ];
}

/** The page of a dataset, from what was gathered of it. */
export function datasetPage(facts: DatasetFacts, name: string, title?: string): string {
  const hosts = new Set(facts.captures.map(({ host }) => host)).size;
  return pageText({
    title: title ?? `Fleet of ${plural(hosts, 'host')}`,
    about: about(facts, name),
    body: [
      banner(datasetVerdict(facts)),
      datasetTiles(facts),
      html`<div class="panels">
        ${oddHostPanel(facts)}
        <div class="stack">${growth(facts)}${buildsPanel(facts)}</div>
        <div class="stack">${unlikeOthers(facts)}${topTagsPanel(facts)}</div>
      </div>`,
      // Outside the grid, as in the report of an image.
      allCaptures(facts),
      html`<div class="panels">${decided()}</div>`,
    ],
  });
}

/**
 * The page of a dataset.
 * @param signal ends the questions that are asked of it
 * @throws PoolTrackerError DEPENDENCY_MISSING, SOURCE_NOT_FOUND, RECORDS_DAMAGED
 */
export async function datasetReport(dataset: string, title?: string, signal?: AbortSignal): Promise<string> {
  const query = await DatasetQuery.open(dataset);
  const forget = whenAborted(signal, () => query.interrupt());
  try {
    const facts = await gatherDataset(query);
    if (facts.captureCount === 0 && facts.tagRecords === 0n)
      throw new PoolTrackerError(
        'SOURCE_NOT_FOUND',
        `${dataset}: expected the directory of a dataset, found one without records`,
        { data: { path: dataset }, hint: 'pool-tracker batch makes datasets' },
      );
    return datasetPage(facts, basename(resolve(dataset)), title);
  } finally {
    forget();
    await query.close();
  }
}
