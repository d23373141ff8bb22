import { type Content, foreign, html, type Html, joined, tagText } from '../page/html.js';
import { tiles } from '../page/panel.js';
import { exact, upTo } from '../page/units.js';
import { buildsOf } from './builds.js';
import { type DatasetFacts, oddHosts } from './facts.js';
import { MAX_NAMED } from './questions.js';

const NAMES = 4;

function listed(contents: readonly Content[], none: string): Content {
  if (contents.length === 0) return none;
  const more = contents.length - NAMES;
  return html`${joined(contents.slice(0, NAMES), ', ')}${more > 0 ? ` and ${exact(more)} more` : ''}`;
}

/** Five numbers of a fleet. */
export function datasetTiles(facts: DatasetFacts): Html {
  const { captures, captureCount, brokenCount, hostCount, leaks, outliers } = facts;
  const odd = [...oddHosts(facts).keys()].sort();
  const builds = buildsOf(captures);
  const { incomplete, failed } = brokenCount;
  const states = [
    `${exact(captureCount - incomplete - failed)} whole`,
    incomplete > 0 && html`<span class="is-doubt">◐ ${exact(incomplete)} incomplete</span>`,
    failed > 0 && html`<span class="is-failed">✕ ${exact(failed)} failed</span>`,
  ].filter((state) => state !== false);
  return tiles([
    {
      heading: 'Hosts',
      value: exact(hostCount),
      note: odd.length === 0 ? 'none is odd' : html`${exact(odd.length)} odd: ${listed(odd.map(foreign), '')}`,
    },
    { heading: 'Captures', value: exact(captureCount), note: joined(states, ', ') },
    {
      heading: 'Tags that only grow',
      value: upTo(leaks.length, MAX_NAMED),
      note: listed(
        leaks.map(({ tag, host }) => html`${tagText(tag.trimEnd())} on ${foreign(host)}`),
        'none',
      ),
    },
    {
      heading: 'Unlike the fleet',
      value: upTo(outliers.length, MAX_NAMED),
      note: listed(
        outliers.map(({ tag, host }) => html`${tagText(tag.trimEnd())} on ${foreign(host)}`),
        'none',
      ),
    },
    {
      heading: 'Builds',
      value: exact(builds.length),
      note: listed(
        builds.map(({ version }) => foreign(version.replace(/^10\.0\./, ''))),
        'not known',
      ),
    },
  ]);
}
