import { type Content, foreign, html, type Html, joined, tagText } from '../page/html.js';
import { tiles } from '../page/panel.js';
import { exact } from '../page/units.js';
import { buildsOf } from './builds.js';
import { type Capture, type DatasetFacts, oddHosts } from './facts.js';

const NAMES = 4;

function listed(contents: readonly Content[], none: string): Content {
  if (contents.length === 0) return none;
  const more = contents.length - NAMES;
  return html`${joined(contents.slice(0, NAMES), ', ')}${more > 0 ? ` and ${exact(more)} more` : ''}`;
}

/** Five numbers of a fleet. */
export function datasetTiles(facts: DatasetFacts): Html {
  const { captures, captureCount, leaks, outliers } = facts;
  const hosts = new Set(captures.map(({ host }) => host)).size;
  const odd = [...oddHosts(facts).keys()].sort();
  const builds = buildsOf(captures);
  const count = (state: Capture['state']): number => captures.filter((capture) => capture.state === state).length;
  const states = [
    `${exact(captureCount - count('incomplete') - count('failed'))} whole`,
    count('incomplete') > 0 && html`<span class="is-doubt">◐ ${exact(count('incomplete'))} incomplete</span>`,
    count('failed') > 0 && html`<span class="is-failed">✕ ${exact(count('failed'))} failed</span>`,
  ].filter((state) => state !== false);
  return tiles([
    {
      heading: 'Hosts',
      value: exact(hosts),
      note: odd.length === 0 ? 'none is odd' : html`${exact(odd.length)} odd: ${listed(odd.map(foreign), '')}`,
    },
    { heading: 'Captures', value: exact(captureCount), note: joined(states, ', ') },
    {
      heading: 'Tags that only grow',
      value: exact(leaks.length),
      note: listed(
        leaks.map(({ tag, host }) => html`${tagText(tag.trimEnd())} on ${foreign(host)}`),
        'none',
      ),
    },
    {
      heading: 'Unlike the fleet',
      value: exact(outliers.length),
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
