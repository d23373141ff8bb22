import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for the tests of one `describe`, deleted after them. */
export function temporaryFolder(): { path(name: string): string } {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'pool-tracker-test-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  return { path: (name) => join(folder, name) };
}
