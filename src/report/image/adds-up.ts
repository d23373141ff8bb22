import type { Row } from '../../record/schema/record-type.js';
import { foreign, html, type Html, tagText } from '../page/html.js';
import { panel, placeholder, scrolling } from '../page/panel.js';
import { exact, NONE, plural, signedText } from '../page/units.js';

/** One kind of object, by the way that found most. */
export interface Comparison {
  readonly kind: string;
  readonly tag: string;
  readonly allocated: bigint | null;
  readonly isComplete: boolean;
  /** Whether all that the way leads to could be read. */
  readonly isRead: boolean;
  /** Null where no way works. */
  readonly found: number | null;
  readonly method: string | null;
  readonly reason: string | null;
  /** Found less allocated; null where one of both is not known. */
  readonly difference: bigint | null;
}

/** Each kind of the rows, compared with its tag. */
export function comparisons(objects: readonly Row[]): Comparison[] {
  const kinds = new Map<string, Row[]>();
  for (const row of objects) kinds.set(row.kind as string, [...(kinds.get(row.kind as string) ?? []), row]);
  return [...kinds].map(([kind, rows]) => {
    const best = rows
      .filter(({ available }) => available === true)
      .reduce<Row | null>(
        (most, row) => (most === null || (row.found as number) > (most.found as number) ? row : most),
        null,
      );
    const allocated = rows[0]!.tag_outstanding as bigint | null;
    const found = best === null ? null : (best.found as number);
    return {
      kind,
      tag: rows[0]!.tag as string,
      allocated,
      isComplete: rows[0]!.tag_complete !== false,
      isRead: ((best?.unreadable as number | null | undefined) ?? 0) === 0,
      found,
      method: best === null ? null : (best.method as string),
      reason: ((best ?? rows[0]!).reason as string | null) ?? null,
      difference: found === null || allocated === null ? null : BigInt(found) - allocated,
    };
  });
}

function differenceCell({ difference, allocated, isComplete, isRead }: Comparison): Html {
  if (difference === null)
    return html`<td class="number muted">${allocated === null ? 'no such tag' : 'not known'}</td>`;
  if (!isComplete || !isRead) {
    const why = isComplete ? 'a part of what was counted could not be read' : 'the tag’s own count may be incomplete';
    return html`<td class="number"><b class="is-doubt" title="${why}">◐ ${signedText(difference)}</b></td>`;
  }
  if (difference === 0n) return html`<td class="number">adds up</td>`;
  return html`<td class="number"><b class="is-suspect">${signedText(difference)}</b></td>`;
}

/** Objects that were found by walking, beside what their tag counts. */
export function addsUp(objects: readonly Row[], shortfall: string | null): Html {
  const all = comparisons(objects);
  const heading = { id: 'adds-up', question: 'Does it add up?' };
  if (all.every(({ found }) => found === null))
    return panel({
      ...heading,
      answer: 'Not known: no way of counting objects works here.',
      body: placeholder(
        'No object was counted',
        foreign(shortfall ?? all[0]?.reason ?? 'the kernel’s structures were not found'),
        'Symbols of this kernel (--symbols) may give their layout.',
      ),
    });
  const known = all.filter(({ difference, isComplete, isRead }) => difference !== null && isComplete && isRead);
  const off = known.filter(({ difference }) => difference !== 0n);
  const row = (one: Comparison): Html =>
    html`<tr>
      <td>${one.kind.replaceAll('_', ' ')}</td>
      <td class="tag">${tagText(one.tag)}</td>
      <td class="number">${one.allocated === null ? NONE : exact(one.allocated)}</td>
      <td class="number">${one.found === null ? NONE : exact(one.found)}</td>
      ${differenceCell(one)}
      <td class="muted wide-only" ${one.reason === null ? null : html` title="${one.reason}"`}>
        ${one.method ?? 'no way works here'}
      </td>
    </tr>`;
  return panel({
    ...heading,
    answer: `Objects found by walking, against what their tag counts: ${exact(known.length - off.length)} of ${plural(known.length, 'kind')} add${known.length - off.length === 1 ? 's' : ''} up${off.length === 0 ? '.' : `; a difference is a hint, since some kinds have more than one allocation each and some are counted elsewhere.`}`,
    body: scrolling(
      'Objects found and allocated',
      html`<table>
        <thead>
          <tr>
            <th scope="col">Objects</th>
            <th scope="col">Tag</th>
            <th scope="col" class="number">Allocated</th>
            <th scope="col" class="number">Found</th>
            <th scope="col" class="number">Difference</th>
            <th scope="col" class="wide-only">Found by</th>
          </tr>
        </thead>
        <tbody>
          ${all.map(row)}
        </tbody>
      </table>`,
    ),
  });
}
