import { PoolTrackerError } from '../../errors.js';
import type { PdbIdentity } from '../../kernel/pe.js';
import {
  type Asked,
  exportedSymbols,
  findInSymbolPath,
  type KernelSymbols,
  knownBuild,
  storeKey,
  PLUGGED_SYMBOL_SOURCES,
  SYMBOL_SOURCES,
  type SymbolSource,
  symbolSources,
} from '../../kernel/symbols/symbols.js';
import { resultOf } from '../../scan/scan.js';
import { tryOpenScan } from '../../scan/open-scan.js';
import { WholeFile } from '../../sink/file/whole-file.js';
import { say } from '../display/say.js';
import { type Command, type OptionValues, usageError } from '../options/command.js';
import { SCAN_OPTION_SPECS, scanOptions, symbolPathOf } from '../options/scan-options.js';

/** What an image says of its kernel. */
interface Needed {
  readonly pdb: PdbIdentity;
  /** Of Windows, as far as the image tells it. */
  readonly version: string | null;
}

/** The PDB that the kernel in an image was linked with. The image is read; no symbols are looked for. */
async function needed(image: string, options: OptionValues): Promise<Needed> {
  const { symbols: _file, symbolPath: _path, ...rest } = scanOptions(options);
  const scan = await tryOpenScan(image, { ...rest, cache: false, method: 'walk' });
  try {
    const { kernel, outcome } = await resultOf(scan);
    if (kernel.pdb !== null) return { pdb: kernel.pdb, version: kernel.version };
    if (outcome.status === 'failed') throw outcome.error;
    throw new PoolTrackerError('NO_KERNEL', `${image}: the kernel's record of its PDB cannot be read`);
  } finally {
    if ('close' in scan) await scan.close();
  }
}

/** What `symbols` tells of one image. */
interface Answer {
  readonly pdb: PdbIdentity;
  /** Version of the build in the built-in list; null when that does not have it. */
  readonly knownBuild: string | null;
  readonly asked: readonly Asked[];
  readonly path: string | null;
}

async function answer(image: string, options: OptionValues): Promise<Answer> {
  const { pdb } = await needed(image, options);
  const path = symbolPathOf(options);
  if (options.flag('fetch') && path === undefined)
    throw usageError('--fetch needs to know where from', 'add --symbol-server URL or --symbol-path PATH');
  const known = options.flag('no-known-builds') ? null : await knownBuild(pdb);
  const search = path === undefined ? null : await findInSymbolPath(path, pdb, { fetch: options.flag('fetch') });
  const file = options.text('symbols');
  const given = file === undefined ? [] : [await askGiven(file, pdb)];
  const plugged = await Promise.all(PLUGGED_SYMBOL_SOURCES.all.map((source) => askPlugged(source, pdb, options)));
  return {
    pdb,
    knownBuild: known === null ? null : (known.version ?? ''),
    asked: [...given, ...(search?.asked ?? []), ...plugged],
    path: [...given, ...(search === null ? [] : [search]), ...plugged].find((one) => one.path !== null)?.path ?? null,
  };
}

async function askGiven(path: string, pdb: PdbIdentity): Promise<Asked> {
  const source = SYMBOL_SOURCES.find(({ name }) => name === 'symbol-file')!;
  const found = await source.find(pdb, { symbols: path, cache: false });
  return found === null
    ? { place: path, path: null, outcome: 'it has no symbols of this kernel' }
    : { place: path, path: found.source, outcome: found.source };
}

async function askPlugged(source: SymbolSource, pdb: PdbIdentity, options: OptionValues): Promise<Asked> {
  const found = await source.find(pdb, scanOptions(options));
  const place = `the plug-in's ${source.name}`;
  return found === null
    ? { place, path: null, outcome: 'it has no symbols of this kernel' }
    : { place, path: found.source, outcome: found.source };
}

function textOf({ pdb, knownBuild: known, asked, path }: Answer): string {
  const lines = [
    `needed: ${pdb.name}, GUID ${pdb.guid}, age ${pdb.age}`,
    `in a store: ${pdb.name}/${storeKey(pdb)}/${pdb.name}`,
    `built-in list: ${known === null ? 'does not have it' : `has it (${known})`}`,
    ...asked.map(({ place, outcome }) => `looked in ${place}: ${outcome}`),
    `found: ${path ?? (known === null ? 'nowhere' : 'in the built-in list')}`,
  ];
  return `${lines.join('\n')}\n`;
}

function jsonOf({ pdb, knownBuild: known, asked, path }: Answer): string {
  const document = {
    pdb: { ...pdb, store_path: `${pdb.name}/${storeKey(pdb)}/${pdb.name}` },
    known_build: known,
    asked: asked.map(({ place, path: file, outcome }) => ({ place, path: file, outcome })),
    path,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

async function exported(image: string, options: OptionValues): Promise<string> {
  const { pdb, version } = await needed(image, options);
  const wanted = scanOptions(options);
  const notes: string[] = [];
  let found: KernelSymbols | null = null;
  for (const source of symbolSources()) found ??= await source.find(pdb, wanted, (line) => notes.push(line));
  if (found !== null)
    return `${JSON.stringify(exportedSymbols(pdb, { ...found, version: found.version ?? version }), null, 1)}\n`;
  for (const note of notes) say(note);
  throw new PoolTrackerError('SOURCE_NOT_FOUND', `no symbols of ${pdb.name} ${storeKey(pdb)} were found`, {
    hint: 'name a file by --symbols, or a store by --symbol-path or --symbol-server',
  });
}

async function write(text: string, options: OptionValues): Promise<void> {
  const path = options.text('output') ?? '-';
  if (path === '-') {
    process.stdout.write(text);
    return;
  }
  const file = await WholeFile.open(path, options.flag('force'));
  await new Promise<void>((resolve, reject) => file.once('error', reject).once('finish', resolve).end(text));
}

export const symbolsCommand: Command = {
  usage: '[export] IMAGE [options]',
  arguments: [
    {
      name: 'IMAGE',
      multiple: true,
      help: 'the memory image; `export IMAGE` writes the offsets of its kernel instead',
    },
  ],
  options: {
    fetch: { help: 'ask the servers of the symbol path, and keep what they have in the store before them' },
    json: { help: 'as JSON' },
    output: { short: 'o', value: 'FILE', help: 'write to FILE; - is standard output' },
    force: { help: 'replace an output file that exists' },
    ...SCAN_OPTION_SPECS,
  },
  examples: [
    ['pool-tracker symbols memory.raw', 'which PDB the kernel needs, and whether it is known'],
    [
      'pool-tracker symbols memory.raw --fetch --symbol-server https://host/symbols',
      'get it from a symbol server into the local store',
    ],
    [
      'pool-tracker symbols export memory.raw --symbols ntkrnlmp.pdb -o kernel.json',
      'the few offsets that are needed, to carry to a machine without network',
    ],
  ],
  async run(words, options) {
    const isExport = words[0] === 'export' && words.length > 1;
    const [image, ...more] = isExport ? words.slice(1) : words;
    if (image === undefined || more.length > 0) throw usageError('symbols takes one image');
    if (isExport) {
      await write(await exported(image, options), options);
      return 0;
    }
    const found = await answer(image, options);
    await write(options.flag('json') ? jsonOf(found) : textOf(found), options);
    return found.path !== null || found.knownBuild !== null ? 0 : 1;
  },
};
