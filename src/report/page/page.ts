import { createHash } from 'node:crypto';
import { toolVersion } from '../../record/schema/file-metadata.js';
import { SCRIPT, STYLE } from './assets.js';
import { type Content, html, Html } from './html.js';

/** A whole report. */
export interface Page {
  readonly title: string;
  /** What the report is of, under its heading. */
  readonly about: readonly Content[];
  /** The verdict, the tiles, the panels. */
  readonly body: Content;
}

/** How a policy names the one style or script that it permits. */
function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** Exactly the text that the hash is of. */
function element(name: 'style' | 'script', text: string): Html {
  return new Html(`<${name}>${text}</${name}>`);
}

/** Nothing is loaded, sent or run but the one style and the one script in the page, named by their hashes. */
const POLICY = [
  "default-src 'none'",
  `style-src ${hashOf(STYLE)}`,
  `script-src ${hashOf(SCRIPT)}`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** One self-contained file: no request is made for anything, and it prints. */
export function pageText({ title, about, body }: Page): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <meta name="generator" content="pool-tracker ${toolVersion()}" />
        <title>${title}</title>
        ${element('style', STYLE)}
      </head>
      <body>
        <main>
          <header>
            <h1><bdi>${title}</bdi></h1>
            <ul class="about">
              ${about.map((one) => html`<li>${one}</li>`)}
            </ul>
          </header>
          ${body}
        </main>
        <footer>
          Made by pool-tracker ${toolVersion()}. This file is complete: it loads nothing and sends nothing.
        </footer>
        ${element('script', SCRIPT)}
      </body>
    </html> `.text;
}
