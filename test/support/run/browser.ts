import { existsSync } from 'node:fs';
import { type Browser, launch, type Page } from 'puppeteer-core';

/** Where Chromium and its kin lie; CHROMIUM names another. */
const USUAL = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** A real browser's program; null, and a line that says so, where there is none. */
export function browserProgram(): string | null {
  const named = process.env.CHROMIUM;
  const found = (named === undefined ? USUAL : [named]).find((path) => existsSync(path)) ?? null;
  if (found === null) console.log('      skipped: no Chromium here; CHROMIUM names one');
  return found;
}

export function startBrowser(program: string): Promise<Browser> {
  // Without a sandbox of its own, which the root of a container may not have: the pages are the tests' own.
  return launch({ executablePath: program, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
}

/** A file in a window of some width, in light or dark, with all that it complained of or asked for. */
export interface OpenPage {
  readonly page: Page;
  /** What the console said, errors, and requests for anything but the file. */
  readonly complaints: readonly string[];
}

export async function openPage(
  browser: Browser,
  path: string,
  width: number,
  scheme: 'light' | 'dark' = 'light',
): Promise<OpenPage> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(`error: ${String(error)}`));
  page.on('request', (request) => {
    if (request.url() !== `file://${path}`) complaints.push(`request: ${request.url()}`);
  });
  await page.setViewport({ width, height: 900 });
  await page.emulateMediaFeatures([
    { name: 'prefers-color-scheme', value: scheme },
    { name: 'prefers-reduced-motion', value: 'reduce' },
  ]);
  await page.goto(`file://${path}`);
  return { page, complaints };
}
