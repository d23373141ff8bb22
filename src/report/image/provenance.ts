import type { Content } from '../page/html.js';
import { foreign, html, type Html } from '../page/html.js';
import { factList, panel } from '../page/panel.js';
import { bytesText, exact, NONE, plural } from '../page/units.js';
import type { ImageFacts } from './facts.js';

const REFUSED = 30;

function text(value: unknown): Content {
  return value === null || value === undefined ? NONE : foreign(String(value));
}

function size(value: unknown): Content {
  return typeof value === 'bigint' ? html`<span title="${exact(value)} bytes">${bytesText(value)}</span>` : NONE;
}

/** Where everything was found, what proved it, and what was refused. */
export function provenance({ image }: ImageFacts): Html {
  const { facts = [], rejected, tables = [], runs = [] } = image;
  const count = (value: unknown): Content => (typeof value === 'number' ? exact(value) : NONE);
  return panel({
    id: 'found',
    question: 'How was it found?',
    isWide: true,
    answer: `${plural(facts.filter(({ outcome }) => outcome === 'held').length, 'fact')} of ${exact(facts.length)} held; ${plural(rejected.length, 'candidate')} ${rejected.length === 1 ? 'was' : 'were'} refused.`,
    body: [
      factList([
        ['Image', text(image.image_path)],
        ['Image id', html`<span class="mono">${text(image.image_id)}</span>`],
        [
          'Labels',
          image.labels === null
            ? NONE
            : foreign(
                Object.entries(image.labels)
                  .map(([name, value]) => `${name}=${value}`)
                  .join(', '),
              ),
        ],
        ['Container', html`${text(image.format)}, ${size(image.image_bytes)}`],
        [
          'Memory',
          html`${size(image.memory_bytes)}${runs.length === 0 ? '' : ` in ${runs.length >= 64 ? '64 or more ranges' : plural(runs.length, 'range')}`}`,
        ],
        [
          'Kernel',
          html`${text(image.pdb_name)} <span class="mono">${text(image.kernel_guid)}</span>, age ${text(image.pdb_age)}`,
        ],
        ['Build lab', text(image.nt_build_lab)],
        ['Kernel base', html`<span class="mono">${text(image.kernel_base)}</span>, ${size(image.kernel_size)}`],
        [
          'Page table root',
          html`<span class="mono">${text(image.page_table_root)}</span>, from ${text(image.page_table_root_from)}`,
        ],
        [
          'Table',
          html`${count(image.table_slots)} slots of ${count(image.entry_size)} bytes; ${count(image.expansion_tags)}
          tags in the expansion table`,
        ],
        [
          'Tables read',
          `${plural(tables.length, 'table')}, ${exact(tables.reduce((sum, { pages }) => sum + (pages ?? 0), 0))} pages`,
        ],
        ['Read', html`${size(image.bytes_read)} in ${text(image.elapsed_ms)} ms`],
        ['Schema', html`version ${text(image.schema_version)}, pool-tracker ${text(image.tool_version)}`],
      ]),
      facts.length === 0
        ? null
        : html`<details>
            <summary>What the tables were held against</summary>
            <ul>
              ${facts.map(({ fact, outcome, detail }) => html`<li>${outcome === 'held' ? fact : html`<b class="is-doubt">◐ ${fact} ${outcome}</b>`}: ${foreign(detail)}</li>`)}
            </ul>
          </details>`,
      rejected.length === 0
        ? null
        : html`<details>
            <summary>What was refused, and why</summary>
            <ul>
              ${rejected.slice(0, REFUSED).map(({ what, address, from, reason }) => html`<li>${what.replaceAll('-', ' ')} <span class="mono">${foreign(address)}</span> (${foreign(from)}): ${foreign(reason)}</li>`)}${rejected.length > REFUSED ? html`<li>and ${exact(rejected.length - REFUSED)} more: pool-tracker info lists them</li>` : null}
            </ul>
          </details>`,
    ],
  });
}
