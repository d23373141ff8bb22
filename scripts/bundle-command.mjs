/**
 * Bundles the compiled command line and the threads of its batches into a few files, without comments and with the small
 * packages that most calls need: Node loads them in a third of the time that a hundred modules take. The library, and what
 * it starts, stay as they were compiled. Part of `npm run build`.
 */
import { chmodSync, rmSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const OUT = `${DIST}bin/`;

/** Modules that threads of the command begin with: they lie beside it, under their names. */
const THREADS = { 'image-worker': `${DIST}dataset/ingest/image-worker.js` };

/** A module finds its neighbours (data files, workers) by its own address, which must stay what it was. */
const keepAddresses = {
  name: 'keep-addresses',
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/, namespace: 'file' }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (!path.startsWith(DIST) || !text.includes('import.meta.url')) return undefined;
      const address = `new URL(${JSON.stringify(relative(OUT, path))}, import.meta.url).href`;
      const contents = text.replaceAll(/(new URL\('\.\/([\w-]+)\.js', )?import\.meta\.url/g, (found, begin, name) =>
        Object.hasOwn(THREADS, name ?? '') ? found : `${begin ?? ''}${address}`,
      );
      return { contents, loader: 'js' };
    });
  },
};

/** Packages that the command loads as they are; the small ones that most calls need are parts of its files. */
const CONTAINED = ['commander', 'hyparquet', 'hyparquet-writer'];
const MANIFEST = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
const EXTERNAL = Object.keys({ ...MANIFEST.dependencies, ...MANIFEST.optionalDependencies })
  .filter((name) => !CONTAINED.includes(name))
  .flatMap((name) => [name, `${name}/*`]);

// Chunks of earlier builds have other names: they would be packed as well.
rmSync(OUT, { recursive: true, force: true });

/**
 * The libraries that draw reports are part of the one module that imports them: as dependencies they would be 62 packages
 * for a command that few call. Their licences go beside it.
 */
async function containDrawing() {
  const outfile = `${DIST}report/chart/plot.js`;
  const { metafile } = await build({
    entryPoints: [outfile],
    outfile,
    allowOverwrite: true,
    bundle: true,
    minify: true,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['canvas'],
    legalComments: 'none',
    logLevel: 'warning',
  });
  // None, where it was bundled before and has not been compiled since.
  await writeLicences(metafile, `${DIST}report/chart/`);
}

/** Writes the licences of the packages that have become part of files into their folder. */
async function writeLicences({ inputs }, folder) {
  const packages = new Set(
    Object.keys(inputs).flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  if (packages.size === 0) return;
  const licences = await Promise.all([...packages].sort().map(licenceOf));
  await writeFile(`${folder}LICENSES.txt`, licences.join('\n'));
}

async function licenceOf(folder) {
  const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, 'utf8'));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? '' : await readFile(`${folder}/${file}`, 'utf8');
  return `${name} ${version}, ${license}\n\n${text.trim()}\n`;
}

await containDrawing();
const { metafile } = await build({
  entryPoints: { 'pool-tracker': `${DIST}cli/main.js`, ...THREADS },
  outdir: OUT,
  bundle: true,
  splitting: true,
  metafile: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: EXTERNAL,
  minifyWhitespace: true,
  minifySyntax: true,
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [keepAddresses],
});
await writeLicences(metafile, OUT);
// npm makes the command executable when it installs the package; where it is linked to before that, nobody does.
chmodSync(`${OUT}pool-tracker.js`, 0o755);
