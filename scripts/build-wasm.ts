/** Assembles src/pool/carve/scan/page-scanner.wat into src/pool/carve/scan/page-scanner-module.ts. Part of `npm run build`. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import loadWabt from 'wabt';

const FOLDER = new URL('../src/pool/carve/scan/', import.meta.url);

/** The generated file's text: the same for the same source, whoever makes it. */
export async function pageScannerModule(): Promise<string> {
  const wabt = await loadWabt();
  const source = await readFile(new URL('page-scanner.wat', FOLDER), 'utf8');
  const module = wabt.parseWat('page-scanner.wat', source, { simd: true, threads: true, bulk_memory: true });
  const { buffer } = module.toBinary({ write_debug_names: false });
  const lines =
    Buffer.from(buffer)
      .toString('base64')
      .match(/.{1,110}/g) ?? [];
  return `/** Made from page-scanner.wat by scripts/build-wasm.ts; WebAssembly, base64. */\nexport const PAGE_SCANNER_MODULE = \`\n${lines.join('\n')}\n\`;\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(new URL('page-scanner-module.ts', FOLDER), await pageScannerModule());
}
