/**
 * Bundles the compiled command line into a few files: Node loads them in a third of the time that its hundred modules
 * take. The library and the worker threads stay as they were compiled. Part of `npm run build`.
 */
import { chmodSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const OUT = `${DIST}bin/`;

/** A module finds its neighbours (data files, workers) by its own address, which must stay what it was. */
const keepAddresses = {
  name: 'keep-addresses',
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/, namespace: 'file' }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (!path.startsWith(DIST) || !text.includes('import.meta.url')) return undefined;
      const address = `new URL(${JSON.stringify(relative(OUT, path))}, import.meta.url).href`;
      return { contents: text.replaceAll('import.meta.url', address), loader: 'js' };
    });
  },
};

// Chunks of earlier builds have other names: they would be packed as well.
rmSync(OUT, { recursive: true, force: true });
await build({
  entryPoints: { 'pool-tracker': `${DIST}cli/main.js` },
  outdir: OUT,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [keepAddresses],
});
// npm makes the command executable when it installs the package; where it is linked to before that, nobody does.
chmodSync(`${OUT}pool-tracker.js`, 0o755);
