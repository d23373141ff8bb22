import { type Content, html, type Html } from './html.js';

/** A question that a reader has, and the answer. */
export interface Panel {
  /** For links to it. */
  readonly id: string;
  readonly question: string;
  /** One sentence, computed. */
  readonly answer: Content;
  readonly body: Content;
  readonly legend?: readonly LegendEntry[];
  /** It takes both columns. */
  readonly isWide?: boolean;
}

/** What a colour or a sign means; `look` is a class of the style sheet. */
export interface LegendEntry {
  readonly look: string;
  /** Instead of a square of the colour. */
  readonly sign?: string;
  readonly text: string;
}

export const NONPAGED: LegendEntry = { look: 'nonpaged', text: 'nonpaged' };
export const PAGED: LegendEntry = { look: 'paged', text: 'paged' };
export const INCOMPLETE: LegendEntry = { look: 'doubt', sign: '◐', text: 'may be incomplete' };

function legendOf(entries: readonly LegendEntry[]): Html {
  const items = entries.map(
    ({ look, sign, text }) =>
      html`<li class="${sign === undefined ? '' : `is-${look}`}">
        <i class="${sign === undefined ? `swatch of-${look}` : 'sign'}" aria-hidden="true">${sign ?? ''}</i>${text}
      </li>`,
  );
  return html`<ul class="legend">
    ${items}
  </ul>`;
}

export function panel({ id, question, answer, body, legend = [], isWide = false }: Panel): Html {
  return html`<section class="card${isWide ? ' both' : ''}" id="${id}" aria-labelledby="${id}-question">
    <h2 id="${id}-question">${question}</h2>
    <p class="answer">${answer}</p>
    ${legend.length === 0 ? null : legendOf(legend)}${body}
  </section> `;
}

/** What keeps the place of something that there is no data for: what is missing, why, and what would give it. */
export function placeholder(missing: Content, why: Content, remedy: Content = null): Html {
  return html`<div class="missing">
    <p><b>${missing}</b></p>
    <p>${why}</p>
    ${remedy === null ? null : html`<p>${remedy}</p>`}
  </div>`;
}

/** A number with its heading. */
export interface Tile {
  readonly heading: string;
  readonly value: Content;
  readonly note: Content;
  readonly look?: string;
}

export function tiles(all: readonly Tile[]): Html {
  const each = all.map(
    ({ heading, value, note, look }) =>
      html`<div class="tile">
        <dt>${look === undefined ? null : html`<i class="swatch of-${look}" aria-hidden="true"></i>`}${heading}</dt>
        <dd><b>${value}</b><span>${note}</span></dd>
      </div>`,
  );
  return html`<dl class="tiles">${each}</dl> `;
}

/** How far a reader may believe what follows. */
export interface Verdict {
  /** `good`, `doubt` or `failed`: the look of the banner. */
  readonly look: 'good' | 'doubt' | 'failed';
  readonly sign: string;
  readonly heading: string;
  /** One line for each doubt. */
  readonly doubts: readonly Content[];
  /** What was proved, after them. */
  readonly proof: Content;
}

export function banner({ look, sign, heading, doubts, proof }: Verdict): Html {
  return html`<section class="banner is-${look}" aria-labelledby="verdict">
    <h2 id="verdict"><span aria-hidden="true">${sign}</span> ${heading}</h2>
    ${
      doubts.length === 0
        ? null
        : html`<ul>
            ${doubts.map((doubt) => html`<li>${doubt}</li>`)}
          </ul>`
    }
    <p>${proof}</p>
  </section> `;
}

/** Facts as a list of names and values. */
export function factList(facts: readonly (readonly [name: string, value: Content])[]): Html {
  return html`<dl class="facts">
    ${facts.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** Something wider than its panel may be: it scrolls, also by keyboard. */
export function scrolling(name: string, body: Content): Html {
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${name}">${body}</div>`;
}
