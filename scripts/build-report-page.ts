/** Builds src/report/client/ into src/report/page/assets.ts: the one script and the one style of a report, as text. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const CLIENT = fileURLToPath(new URL('../src/report/client/', import.meta.url));

async function built(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${CLIENT}${entry}`],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
  });
  // Within <script> and <style>, nothing may look like their end.
  return outputFiles[0]!.text.trim().replaceAll('</', '<\\/');
}

/** The generated file's text: the same for the same sources, whoever makes it. */
export async function reportAssets(): Promise<string> {
  const [script, style] = [await built('client.ts'), await built('style.css')];
  return `/** Made from src/report/client by scripts/build-report-page.ts. */\nexport const SCRIPT = ${JSON.stringify(script)};\nexport const STYLE = ${JSON.stringify(style)};\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(new URL('../src/report/page/assets.ts', import.meta.url), await reportAssets());
}
