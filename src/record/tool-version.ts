import { readFileSync } from 'node:fs';

let known: string | undefined;

/** Version of this package, as its package.json has it. */
export function toolVersion(): string {
  if (known === undefined) {
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
    known = manifest.version;
  }
  return known;
}
