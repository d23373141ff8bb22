import { foreign, html, type Html, joined } from '../page/html.js';
import { panel, placeholder, scrolling } from '../page/panel.js';
import { exact, NONE, plural, timeText } from '../page/units.js';
import { byName, type Capture, type DatasetFacts, takenAt } from './facts.js';

const SHOWN = 30;
const CHANGED = 8;

interface Build {
  readonly version: string;
  readonly hosts: number;
  readonly captures: number;
  readonly first: number | null;
  readonly last: number | null;
}

/** Builds of Windows in order. */
export function buildsOf(captures: readonly Capture[]): Build[] {
  const builds = new Map<string, Capture[]>();
  for (const capture of captures) {
    if (capture.version !== null) builds.set(capture.version, [...(builds.get(capture.version) ?? []), capture]);
  }
  return [...builds]
    .sort(([a], [b]) => byName(a, b))
    .map(([version, of]) => {
      const times = of.map(takenAt).filter((time) => time !== null);
      return {
        version,
        hosts: new Set(of.map(({ host }) => host)).size,
        captures: of.length,
        first: times.length === 0 ? null : times.reduce((a, b) => Math.min(a, b)),
        last: times.length === 0 ? null : times.reduce((a, b) => Math.max(a, b)),
      };
    });
}

/** Hosts that are seen with more than one build. */
export function changedHosts(captures: readonly Capture[]): string[] {
  const versions = new Map<string, Set<string>>();
  for (const { host, version } of captures) {
    if (version !== null) versions.set(host, (versions.get(host) ?? new Set()).add(version));
  }
  return [...versions].filter(([, all]) => all.size > 1).map(([host]) => host);
}

function date(time: number | null): string {
  return time === null ? NONE : timeText(time).slice(0, 10);
}

/** Which builds of Windows the hosts run, and who changed. */
export function buildsPanel({ captures }: DatasetFacts): Html {
  const builds = buildsOf(captures);
  const changed = changedHosts(captures);
  const row = ({ version, hosts, captures: count, first, last }: Build): Html =>
    html`<tr>
      <td class="mono">${foreign(version)}</td>
      <td class="number">${exact(hosts)}</td>
      <td class="number">${exact(count)}</td>
      <td class="time">${date(first)}</td>
      <td class="time wide-only">${date(last)}</td>
    </tr>`;
  return panel({
    id: 'builds',
    question: 'Which builds?',
    answer: [
      builds.length === 0 ? 'Not known.' : `${plural(builds.length, 'build')} of Windows. `,
      changed.length === 0
        ? null
        : html`${joined(changed.slice(0, CHANGED).map(foreign), ', ')}${changed.length > CHANGED ? ` and ${exact(changed.length - CHANGED)} more` : ''}
          changed the build; growth is never counted across a restart.`,
    ],
    body:
      builds.length === 0
        ? placeholder('No build is known', 'No capture gave the version of its kernel.')
        : scrolling(
            'Builds of Windows',
            html`<table>
                <thead>
                  <tr>
                    <th scope="col">Windows</th>
                    <th scope="col" class="number">Hosts</th>
                    <th scope="col" class="number">Captures</th>
                    <th scope="col">First</th>
                    <th scope="col" class="wide-only">Last</th>
                  </tr>
                </thead>
                <tbody>
                  ${builds.slice(0, SHOWN).map(row)}
                </tbody>
              </table>
              ${builds.length > SHOWN ? html`<p class="note">and ${exact(builds.length - SHOWN)} more</p>` : null}`,
          ),
  });
}
