import { realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';

async function real(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path));
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
