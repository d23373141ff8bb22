import { physicalAddress, type PhysicalAddress } from '../../address.js';
import { PAGING_NAMES } from '../../memory/paging/paging.js';
import { LOCATE_WAYS } from '../../pool/locate/locate.js';
import { SCAN_METHODS, type ScanOptions } from '../../scan/scan.js';
import type { WorkOptions } from '../../work.js';
import { PLUGIN_OPTION_SPECS } from './common-options.js';
import { type ArgumentSpec, type OptionSpec, type OptionSpecs, type OptionValues, usageError } from './command.js';

export const IMAGE: ArgumentSpec = {
  name: 'IMAGE',
  help: 'a memory image: a file, an https:// or s3:// address, or - for standard input',
};
export const IMAGES: ArgumentSpec = { ...IMAGE, multiple: true };

export const LABEL_SPEC: OptionSpec = {
  multiple: true,
  value: 'KEY=VALUE',
  help: 'a label for every record; host=NAME fills the column host',
};

/** The option of commands that read an image of which the parts are given one by one. */
export const PARTS_SPECS: OptionSpecs = {
  parts: {
    help: 'the images are the parts of one, in this order: of any length and name, in files or at addresses; numbered parts beside the first are found without it',
  },
};

/** The options of every command that opens images. */
export const SCAN_OPTION_SPECS: OptionSpecs = {
  'image-format': { value: 'FORMAT', help: 'read the image as this format, without asking the probes' },
  spool: {
    value: 'DIR',
    help: 'keep an image that comes as a stream (compressed, or from a pipe) in a temporary sparse file in DIR, to walk it',
  },
  'allow-redirects': { help: 'follow a server that redirects to another host; only within its own by default' },
  method: {
    value: 'METHOD',
    choices: SCAN_METHODS,
    default: 'auto',
    help: 'how the tables are found: walk (page tables), carve (every page is looked at; works on streams and fragments), or auto: walk when that can be, else carve',
  },
  threads: {
    value: 'N',
    default: 1,
    help: 'threads that look at pages when carving, beside the one that reads; 0 for none',
  },
  root: {
    value: 'ADDRESS',
    help: 'answer for the system with this page table root, a physical address as 0x1aa000; by default for the one whose clock is latest',
  },
  architecture: {
    value: 'KIND',
    choices: PAGING_NAMES,
    help: 'walk page tables of this kind only, whatever the container says: x86 is without PAE, x86-pae with it',
  },
  locate: { value: 'WAY', choices: LOCATE_WAYS, help: 'locate the tables this way only' },
  symbols: {
    value: 'PATH',
    help: 'a symbol file (.pdb, .pd_, ISF, Rekall profile, what symbols export wrote), or a directory of them',
  },
  'symbol-path': {
    value: 'PATH',
    help: 'where debuggers find symbols, as srv*FOLDER*URL;FOLDER; env takes what _NT_SYMBOL_PATH says',
  },
  'symbol-server': {
    value: 'URL',
    help: 'ask this symbol server for what is not in the local store; no server is asked otherwise',
  },
  'no-known-builds': { help: 'use no built-in list of kernel builds: only symbol files, and the image itself' },
  'no-cache': { help: 'neither read nor keep what symbol files resolve to' },
  label: LABEL_SPEC,
  ...PLUGIN_OPTION_SPECS,
};

/** The option of commands that can answer for more than one system. */
export const ALL_SYSTEMS_SPECS: OptionSpecs = {
  'all-systems': {
    help: 'answer for every system in the memory, what an earlier boot or a guest left too; the column system tells them apart; all of memory is searched',
  },
};

/** `--label key=value` as an object; the last value of a key wins. */
export function fixedLabels(options: OptionValues): Record<string, string> {
  return Object.fromEntries(
    options.texts('label').map((text) => {
      const equals = text.indexOf('=');
      if (equals <= 0) throw usageError(`--label: expected key=value, found '${text}'`, 'try --label host=web01');
      return [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}

/** Physical addresses have at most 52 bits. */
const MAX_ROOT = 2 ** 52;

function rootAddress(text: string | undefined): PhysicalAddress | undefined {
  if (text === undefined) return undefined;
  const address = /^(0x[0-9a-f]{1,13}|\d{1,16})$/i.test(text) ? Number(text) : NaN;
  if (address > 0 && address < MAX_ROOT && address % 32 === 0) return physicalAddress(address);
  throw usageError(
    `--root: expected the physical address of a page table root, a multiple of 32 below 2^52, found '${text}'`,
    'info names the roots of all systems that it finds: --root 0x1aa000',
  );
}

/** An image that a command was given. */
export interface GivenImage {
  /** Of its first part. */
  readonly location: string;
  /** How it is opened: with its further parts. */
  readonly scan: ScanOptions;
}

/** The images that the words name: one, where they are its parts. */
export function givenImages(words: readonly string[], options: OptionValues): GivenImage[] {
  return options.flag('parts') ? [oneImage(words, options)] : words.map((word) => oneImage([word], options));
}

/** The one image that the words name. @throws PoolTrackerError USAGE where they name several that are not its parts */
export function oneImage(words: readonly string[], options: OptionValues): GivenImage {
  const [location, ...parts] = words as [string, ...string[]];
  if (options.flag('parts')) return { location, scan: { ...scanOptions(options), parts } };
  if (parts.length > 0)
    throw usageError(
      `expected IMAGE only, found '${parts[0]}' as well`,
      'the parts of one image are joined by --parts',
    );
  return { location, scan: scanOptions(options) };
}

export function scanOptions(options: OptionValues): Omit<ScanOptions, keyof WorkOptions> {
  const imageFormat = options.text('image-format');
  const spool = options.text('spool');
  const symbols = options.text('symbols');
  const locate = options.choice('locate', LOCATE_WAYS);
  const method = options.choice('method', SCAN_METHODS);
  const threads = options.count('threads', 0);
  const symbolPath = symbolPathOf(options);
  const root = rootAddress(options.text('root'));
  const architecture = options.choice('architecture', PAGING_NAMES);
  return {
    labels: fixedLabels(options),
    cache: !options.flag('no-cache'),
    ...(options.flag('no-known-builds') && { knownBuilds: false }),
    ...(imageFormat === undefined ? {} : { imageFormat }),
    ...(options.flag('allow-redirects') && { allowRedirects: true }),
    ...(spool === undefined ? {} : { spool }),
    ...(symbols === undefined ? {} : { symbols }),
    ...(method === undefined ? {} : { method }),
    ...(threads === undefined ? {} : { threads }),
    ...(locate === undefined ? {} : { locate }),
    ...(symbolPath === undefined ? {} : { symbolPath }),
    ...(root === undefined ? {} : { root }),
    ...(architecture === undefined ? {} : { architecture }),
  };
}

/** The path of symbols that was asked for: of a path and of a server, the path is tried first. */
export function symbolPathOf(options: OptionValues): string | undefined {
  const given = options.text('symbol-path');
  const server = options.text('symbol-server');
  if (server !== undefined && !/^https?:\/\//i.test(server))
    throw usageError(`--symbol-server ${server}: expected a URL that begins with http:// or https://`);
  const path = given === 'env' ? process.env._NT_SYMBOL_PATH : given;
  if (given === 'env' && path === undefined) throw usageError('--symbol-path env: _NT_SYMBOL_PATH is not set');
  const parts = [path, server === undefined ? undefined : `srv**${server}`].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(';');
}
