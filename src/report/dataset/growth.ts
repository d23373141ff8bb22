import { chart, color, FONT, type Room } from '../chart/chart.js';
import { axisX, axisY, dot, gridY, lineY, type PlotOptions, text } from '../chart/plot.js';
import { foreign, html, type Html, shortened, tagText } from '../page/html.js';
import { panel, placeholder, scrolling } from '../page/panel.js';
import { axisBytes, bytesText, countText, exact, plural, signedText, upTo } from '../page/units.js';
import type { DatasetFacts, Leak } from './facts.js';
import { DRAWN, MAX_NAMED } from './questions.js';

const HEIGHT = 150;

/** Round steps of a power of two. */
function byteTicks(most: number): number[] {
  const step = 2 ** Math.ceil(Math.log2(Math.max(most, 4) / 4));
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}

function draw({ series, others, lastBytes }: Leak, { isNarrow }: Room): PlotOptions {
  const points = series.map(({ time, boot, bytes }) => ({
    time: new Date(time),
    boot,
    bytes: Number(bytes),
    exactly: bytes,
  }));
  const grey = others.map(({ time, host, bytes }) => ({ time: new Date(time), host, bytes: Number(bytes) }));
  const most = Math.max(1, ...points.map(({ bytes }) => bytes), ...grey.map(({ bytes }) => bytes));
  const looks = { fontSize: FONT - 0.5, color: color('muted'), tickSize: 0, label: null };
  const at = { x: 'time', y: 'bytes' };
  const last = points.at(-1);
  const lastGrey = grey.at(-1);
  return {
    height: HEIGHT,
    marginLeft: 56,
    marginRight: 66,
    marginTop: 12,
    marginBottom: 24,
    x: { type: 'utc', axis: null },
    y: { domain: [0, most * 1.04], axis: null },
    marks: [
      gridY(byteTicks(most), { stroke: color('line'), strokeOpacity: 1 }),
      lineY(grey, { ...at, z: 'host', stroke: color('unknown'), strokeWidth: 1, strokeOpacity: 0.75 }),
      lineY(points, { ...at, z: 'boot', stroke: color('suspect'), strokeWidth: 2 }),
      dot(points, {
        ...at,
        r: 2.4,
        fill: color('suspect'),
        title: ({ time, exactly }: { time: Date; exactly: bigint }) =>
          `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC\n${exact(exactly)} bytes`,
      }),
      ...(last === undefined
        ? []
        : [
            text([last], {
              ...at,
              dx: 7,
              textAnchor: 'start',
              text: () => bytesText(lastBytes),
              fontSize: FONT,
              fontWeight: 600,
              fill: color('suspect'),
            }),
          ]),
      // Where the lines end close together, the one that matters has the label.
      ...(lastGrey === undefined || last === undefined || Math.abs(last.bytes - lastGrey.bytes) < most * 0.12
        ? []
        : [
            text([lastGrey], {
              ...at,
              dx: 7,
              textAnchor: 'start',
              text: () => 'others',
              fontSize: FONT - 0.5,
              fill: color('muted'),
            }),
          ]),
      axisX(timeTicks(points, isNarrow ? 3 : 5), { ...looks, tickFormat: timeLabel }),
      axisY(byteTicks(most), { ...looks, tickFormat: (bytes: number) => axisBytes(BigInt(bytes)) }),
    ],
  };
}

const [HOUR, DAY] = [3_600_000, 86_400_000];

/** Some days, or hours where all is within two of them. */
function timeTicks(points: readonly { readonly time: Date }[], most: number): Date[] {
  const [first, last] = [Number(points[0]?.time ?? 0), Number(points.at(-1)?.time ?? 0)];
  const unit = last - first > 2 * DAY ? DAY : HOUR;
  const step = unit * Math.max(1, Math.ceil((last - first) / unit / most));
  const start = Math.ceil(first / unit) * unit;
  return Array.from({ length: most + 1 }, (_, index) => new Date(start + index * step)).filter(
    (time) => Number(time) <= last,
  );
}

function timeLabel(time: Date): string {
  const isDay = Number(time) % DAY === 0;
  return isDay
    ? `${time.getUTCDate()} ${time.toLocaleString('en', { month: 'short', timeZone: 'UTC' })}`
    : time.toISOString().slice(11, 16);
}

/** A slope in people's units; what is no finite number is not told. */
function slope(perHour: number, unit: (value: bigint) => string): string {
  if (!Number.isFinite(perHour)) return 'unknown growth';
  const text = unit(BigInt(Math.round(perHour)));
  return `${perHour >= 0 ? '+' : ''}${text} an hour`;
}

function sentence(leak: Leak): Html {
  const { bytesPerHour, outstandingPerHour, firstBytes, lastBytes, captures, boots, rising } = leak;
  return html`<b class="is-suspect">${slope(bytesPerHour, bytesText)}</b>,
    ${slope(outstandingPerHour, countText).replace('+', '').replace(' an hour', ' allocations an hour')};
    ${bytesText(firstBytes)} → ${bytesText(lastBytes)} in ${plural(captures, 'capture')} over ${plural(boots, 'start')};
    rose in ${Math.round(rising * 100)} % of the steps.`;
}

function drawn(leak: Leak): Html {
  return html`<h3>${tagText(leak.tag.trimEnd())} on ${foreign(leak.host)}</h3>
    <p class="muted">${sentence(leak)}</p>
    ${chart({
      label: `${shortened(leak.tag, 12).trim()} on ${shortened(leak.host, 24)} over time: from ${bytesText(leak.firstBytes)} to ${bytesText(leak.lastBytes)}. Grey: other hosts with the same build.`,
      draw: (room) => draw(leak, room),
    })}`;
}

function rest(leaks: readonly Leak[]): Html {
  return scrolling(
    'More that grows',
    html`<table>
      <thead>
        <tr>
          <th scope="col">Tag</th>
          <th scope="col">Host</th>
          <th scope="col" class="number">Bytes an hour</th>
          <th scope="col" class="number">Now</th>
        </tr>
      </thead>
      <tbody>
        ${leaks.map(
          ({ tag, host, bytesPerHour, lastBytes }) =>
            html`<tr>
              <td class="tag">${tagText(tag)}</td>
              <td class="name">${foreign(host)}</td>
              <td class="number">
                ${Number.isFinite(bytesPerHour) ? signedText(BigInt(Math.round(bytesPerHour))) : '–'}
              </td>
              <td class="number" title="${exact(lastBytes)} bytes">${bytesText(lastBytes)}</td>
            </tr>`,
        )}
      </tbody>
    </table>`,
  );
}

/** Tags that grow without end, each over time. */
export function growth({ leaks, judged, hostCount }: DatasetFacts): Html {
  const short = hostCount - judged.hosts;
  const told = `${short <= 0 ? '' : ` ${plural(short, 'host has', 'hosts have')} no start with ${judged.minCaptures} whole captures: too short to tell.`}`;
  return panel({
    id: 'growth',
    question: 'What grows without end?',
    answer:
      leaks.length > 0
        ? `${upTo(leaks.length, MAX_NAMED)} ${leaks.length === 1 ? 'tag rises' : 'tags rise'} in nearly every capture. Lines are broken at restarts; grey are hosts with the same build.${told}`
        : judged.boots === 0
          ? 'Not known.'
          : `Nothing rises in nearly every capture of ${plural(judged.boots, 'start')} of ${plural(judged.hosts, 'host')}.${told}`,
    body:
      leaks.length > 0
        ? [
            leaks.slice(0, DRAWN).map(drawn),
            leaks.length > DRAWN
              ? [html`<h3>and ${exact(leaks.length - DRAWN)} more</h3>`, rest(leaks.slice(DRAWN))]
              : null,
          ]
        : judged.boots === 0
          ? placeholder(
              'Too short to tell',
              `Growth shows in ${judged.minCaptures} or more whole captures of one start of a host, with a time and the label host.`,
              'More captures, and batch with --label-from, give it.',
            )
          : placeholder(
              'Nothing grows',
              'No tag has more bytes and more allocations in nearly every capture than in the one before.',
            ),
  });
}
