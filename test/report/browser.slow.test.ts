import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'puppeteer-core';
import { datasetPage } from '../../src/report/dataset/dataset.js';
import { imagePage } from '../../src/report/image/image.js';
import { report } from '../../src/report/report.js';
import { faintTexts } from '../support/expect/contrast.js';
import { writeSample } from '../support/images/samples.js';
import { capture, datasetFacts, imageFacts, tagRow } from '../support/records/report-facts.js';
import { browserProgram, openPage, startBrowser } from '../support/run/browser.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SIZES = [1280, 400] as const;

/** What Chromium needs for text that is read. */
const LEAST_CONTRAST = 4.5;

function fleetPage(): string {
  const point = (hour: number) => ({ time: Date.UTC(2024, 2, 1, hour), boot: 0, bytes: BigInt(hour + 1) << 20n });
  const version = '10.0.19041.1466';
  const captures = ['alpha', 'beta', 'gamma'].flatMap((host, index) =>
    Array.from({ length: 8 }, (_, at) =>
      capture(host, at * 6, {
        nonpaged: BigInt(20 + at * 8 * index) << 20n,
        isAfterRestart: at === 4,
        ...(index === 1 && at === 2
          ? { state: 'failed', why: 'cut', errorCode: 'NO_KERNEL', nonpaged: null, paged: null }
          : {}),
        ...(index === 2 && at === 5 ? { state: 'incomplete', why: 'torn', nonpaged: null, paged: null } : {}),
      }),
    ),
  );
  const facts = datasetFacts(captures, {
    leaks: [
      {
        host: 'gamma',
        tag: 'Leak',
        key: 1,
        place: 'table',
        captures: 8,
        boots: 1,
        bytesPerHour: 2 ** 20,
        outstandingPerHour: 9,
        firstBytes: 1n << 20n,
        lastBytes: 8n << 20n,
        rising: 1,
        series: [0, 6, 12, 18, 24].map(point),
        others: [0, 24].map((hour) => ({ ...point(hour), bytes: 1n << 19n, host: 'alpha' })),
      },
    ],
    outliers: [{ host: 'beta', version, tag: 'Big ', key: 2, bytes: 9 << 20, fleetBytes: 1 << 20, score: 30 }],
    medians: [{ host: 'alpha', version, key: 2, bytes: 1n << 20n }],
    topTags: [{ tag: 'Big ', hosts: 3, nonpaged: 5n << 20n, paged: 1n << 20n, mostBytes: 4n << 20n, mostOn: 'beta' }],
    passedOver: [{ path: 'notes.txt', reason: 'no image' }],
  });
  return datasetPage(facts, 'lake');
}

describe('a report in a browser', function () {
  const program = browserProgram();
  const folder = temporaryFolder();
  let browser: Browser;
  const pages = new Map<string, string>();

  before(async function () {
    if (program === null) return this.skip();
    browser = await startBrowser(program);
    const save = (name: string, text: string): void => {
      const path = folder.path(`${name}.html`);
      writeFileSync(path, text);
      pages.set(name, path);
    };
    for (const sample of ['lost-page-22000.lime', 'server-14393.dmp'])
      save(sample, await report(writeSample(sample, folder.path(sample))));
    save('fleet', fleetPage());
    save('empty', imagePage(imageFacts([]), 'empty'));
    const many = Array.from({ length: 4000 }, (_, key) => {
      const size = 1n << BigInt(key % 24);
      return tagRow(`T${key.toString(36)}`, {
        key,
        nonpaged_bytes: size,
        driver: key % 3 === 0 ? `d${key % 40}.sys` : null,
      });
    });
    save('many', imagePage(imageFacts(many), '4,000 tags'));
  });
  after(() => browser?.close());

  for (const name of ['lost-page-22000.lime', 'server-14393.dmp', 'fleet', 'empty', 'many'])
    for (const width of SIZES)
      for (const scheme of ['light', 'dark'] as const) {
        // A long table is looked through for long, and differs in nothing but its length.
        if (name === 'many' && (scheme === 'dark') !== (width === 400)) continue;
        it(`${name}, ${width} px, ${scheme}: complains of nothing, fits, and can be read`, async () => {
          const { page, complaints } = await openPage(browser, pages.get(name)!, width, scheme);
          assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
          await page.evaluate(AXE);
          const violations = (await page.evaluate(
            `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.slice(0, 3).map(({ html, failureSummary }) => html.slice(0, 200) + failureSummary).join('; ')))`,
          )) as string[];
          assert.deepEqual(violations, []);
          assert.deepEqual(await faintTexts(page, LEAST_CONTRAST), []);
          assert.deepEqual(complaints, []);
          await page.close();
        });
      }

  describe('its table', () => {
    let page: Page;
    beforeEach(async () => {
      ({ page } = await openPage(browser, pages.get('server-14393.dmp')!, 1280));
    });
    afterEach(() => page.close());

    const column = (index: number): Promise<string[]> =>
      page.evaluate(
        `[...document.querySelectorAll('#table tbody tr')].map((row) => row.cells[${index}].textContent.trim())`,
      ) as Promise<string[]>;
    const count = (): Promise<string> =>
      page.evaluate(`document.getElementById('count').textContent`) as Promise<string>;
    const focused = (): Promise<string> => page.evaluate('document.activeElement.id') as Promise<string>;

    it('has the first hundred rows before the script has run', async () => {
      await page.setJavaScriptEnabled(false);
      await page.reload();
      assert.equal((await page.$$('#table tbody tr')).length, 100);
      assert.equal(
        await page.$eval('.no-script', (element) => element.textContent!.includes('The first 100 of 320 rows')),
        true,
      );
    });

    it('is sorted by its headings', async () => {
      const number = (text: string): number => (text === '–' ? 0 : Number(text.replaceAll(',', '')));
      await page.click('#table th:nth-child(5) button');
      const falling = (await column(4)).map(number);
      assert.deepEqual(
        falling,
        [...falling].sort((a, b) => b - a),
      );
      assert.equal(await page.$eval('#table th:nth-child(5)', (th) => th.getAttribute('aria-sort')), 'descending');
      assert.equal(await page.$eval('#table th:nth-child(2)', (th) => th.getAttribute('aria-sort')), null);
      await page.click('#table th:nth-child(5) button');
      const rising = (await column(4)).map(number);
      assert.deepEqual(
        rising,
        [...rising].sort((a, b) => a - b),
      );
      assert.equal(await page.$eval('#table th:nth-child(5)', (th) => th.getAttribute('aria-sort')), 'ascending');
    });

    it('is filtered by a pattern, whose case counts, and Esc empties it', async () => {
      await page.keyboard.press('/');
      assert.equal(await focused(), 'filter');
      const first = (await column(0))[0]!;
      await page.keyboard.type(`${first.slice(0, 2)}*`);
      assert.ok((await column(0)).every((tag) => tag.startsWith(first.slice(0, 2))));
      assert.match(await count(), /^\d+ of 320 fit, [\d,.]+ KiB/);
      await page.keyboard.press('Escape');
      assert.equal(await page.$eval('#filter', (input) => (input as unknown as { value: string }).value), '');
      assert.match(await count(), /^320 rows, the first 100 shown/);
      const turned = [...first.slice(0, 3)].map((char) =>
        char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase(),
      );
      await page.type('#filter', `${turned.join('')}*`);
      if ((await column(0)).length === 0)
        assert.match(await page.$eval('#hint', (hint) => hint.textContent!), /In other case \d+ would/);
    });

    it('shows what boxes select, and more on demand', async () => {
      await page.click('#controls label:nth-of-type(2) input');
      assert.match(await count(), /of 320 fit/);
      await page.keyboard.press('Escape');
      await page.click('#controls label:nth-of-type(2) input');
      await page.click('#more');
      assert.equal((await column(0)).length, 320);
      assert.equal(await page.$eval('#more', (more) => (more as unknown as { hidden: boolean }).hidden), true);
    });

    it('is led to by the bars, at which Tab stops', async () => {
      const stops = await page.$$eval('.chart.wide a', (links) => links.length);
      assert.ok(stops > 0 && stops <= 20, `${stops} stops`);
      await page.type('#filter', 'nothing at all');
      await page.evaluate(`document.querySelectorAll('#holders .chart.wide a')[2].focus()`);
      await page.keyboard.press('Enter');
      assert.equal(await focused(), 'row-2');
      assert.equal(await page.$eval('#row-2', (row) => row.classList.contains('marked')), true);
    });

    it('is copied as CSV', async () => {
      const context = browser.defaultBrowserContext();
      await context
        .overridePermissions(`file://${pages.get('server-14393.dmp')!}`, [
          'clipboard-read',
          'clipboard-sanitized-write',
        ])
        .catch(() => undefined);
      await page.bringToFront();
      await page.evaluate(`navigator.clipboard.writeText = async (text) => { window.copied = text; }`);
      await page.click('#copy');
      const text = (await page.evaluate('window.copied')) as string;
      const lines = text.trimEnd().split('\r\n');
      assert.equal(lines.length, 101);
      assert.match(lines[0]!, /^tag,bytes,nonpaged_bytes,/);
    });

    it('is printed without its controls, and its heading on every page', async () => {
      await page.emulateMediaType('print');
      assert.equal(await page.evaluate(`getComputedStyle(document.getElementById('controls')).display`), 'none');
      assert.equal(
        await page.evaluate(`getComputedStyle(document.querySelector('#table thead')).display`),
        'table-header-group',
      );
      // As buttons, Chromium would not paint them again.
      assert.equal(
        await page.evaluate(`getComputedStyle(document.querySelector('#table th button')).display`),
        'contents',
      );
      assert.ok((await page.pdf()).length > 10_000);
    });
  });

  it('leads from the verdict to the rows with a mark', async () => {
    const { page } = await openPage(browser, pages.get('lost-page-22000.lime')!, 1280);
    await page.click('.banner a[href^="#only-"]');
    const rows = await page.$$eval('#table tbody tr', (all) => all.map((row) => row.className));
    assert.ok(rows.length > 0 && rows.every((look) => look.includes('is-doubt')));
    await page.close();
  });
});
