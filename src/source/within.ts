import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';

/** A path without links; of one that does not exist, what exists of the way to it. */
async function real(path: string): Promise<string> {
  const whole = resolve(path);
  return realpath(whole).catch(async () => {
    const parent = dirname(whole);
    return parent === whole ? whole : join(await real(parent), basename(whole));
  });
}

/** Whether a local path is one of some files or folders, or lies in one: links on the way of either are followed. */
export async function isWithin(path: string, places: readonly string[]): Promise<boolean> {
  const own = await real(path);
  for (const place of places) {
    const around = await real(place);
    if (own === around || own.startsWith(around.endsWith(sep) ? around : around + sep)) return true;
  }
  return false;
}
