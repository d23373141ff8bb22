import { html, type Html } from '../page/html.js';
import { factList, panel } from '../page/panel.js';
import { DRAWN, MIN_CAPTURES } from './questions.js';

/** The thresholds behind the panels, which are those of the questions in schemas/duckdb.sql. */
export function decided(): Html {
  return panel({
    id: 'decided',
    question: 'How were these decided?',
    isWide: true,
    answer: 'By the questions of schemas/duckdb.sql, which pool-tracker query asks with other thresholds.',
    body: factList([
      [
        'Grows',
        html`in a start of a host with ${MIN_CAPTURES} or more whole captures, bytes and allocations rise in 90 % of the
        steps, by a quarter or more, and a third of that in the later half (leaks)`,
      ],
      [
        'Unlike',
        'a host’s median is eight or more deviations from the median of five or more hosts with its build; a deviation is at least 10 % of the median, or a page (fleet_outliers)',
      ],
      [
        'Restarted',
        'the kernel lies elsewhere than in the capture before, or most tags have fewer allocations (boots)',
      ],
      ['Odd host', 'a tag grows on it, or it is unlike the others in one'],
      [
        'Colour',
        'bytes of a whole capture by the median of all whole captures with the same build; full at twice, or half',
      ],
      ['Whole', 'status ok: every page of the tables was read, and the evidence decides; nothing else is in a sum'],
      ['Drawn', `the first ${DRAWN} leaks and tags with outliers`],
    ]),
  });
}
