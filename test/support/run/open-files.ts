import { existsSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';

/** How many descriptors of this process are of a file; null where the system does not tell, as Linux alone does. */
export function openDescriptors(path: string): number | null {
  if (!existsSync('/proc/self/fd')) return null;
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === realpathSync(path);
    } catch {
      // It was that of the folder itself.
      return false;
    }
  }).length;
}
