import { PoolTrackerError } from '../errors.js';
import { shown, thrownMessage } from './calls.js';
import { PLUGIN_API_VERSION, type Plugin } from './plugin.js';

/** What is said of a plug-in that cannot be used, always with its name or its module's. */
export function refused(who: string, why: string, cause?: unknown): PoolTrackerError {
  return new PoolTrackerError('PLUGIN_REFUSED', `plug-in ${who} is refused: ${why}`, {
    hint: 'docs/plugins.md tells what a plug-in is',
    data: { plugin: who },
    cause,
  });
}

/** Names that records and options hold. */
const PLUGIN_NAME = /^[a-z0-9@](?:[a-z0-9._@/-]{0,62}[a-z0-9])?$/;
const ITEM_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?$/;
/** Two letters at least: one is a drive. */
const SCHEME_NAME = /^[a-z][a-z0-9+.-]{1,62}$/;
const EXTENSION = /^(\.[a-z0-9_-]{1,32}){1,4}$/;
const MAX_ITEMS = 64;
const MAX_TITLE = 200;

/** The kinds of contributions: what each item must have, and may have. */
const KINDS = {
  imageFormats: {
    name: ITEM_NAME,
    functions: ['probe', 'open'],
    optional: ['keepsWrapper', 'stream'],
  },
  sourceSchemes: { name: SCHEME_NAME, functions: ['claims', 'open'], optional: [] },
  symbolSources: { name: ITEM_NAME, functions: ['find'], optional: [] },
  sinks: { name: ITEM_NAME, functions: ['load'], optional: [] },
} as const;
type Kind = keyof typeof KINDS;

type Members = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Holds what a module exports against the contract.
 * @param module as it was named, for messages
 * @throws PoolTrackerError PLUGIN_REFUSED
 */
export function checkedPlugin(module: string, exported: unknown): Plugin {
  try {
    return checkShape(module, exported);
  } catch (error) {
    // A getter that throws.
    throw error instanceof PoolTrackerError ? error : refused(`'${module}'`, thrownMessage(error), error);
  }
}

function checkShape(module: string, exported: unknown): Plugin {
  if (!isObject(exported))
    throw refused(
      `'${module}'`,
      `default export: expected an object { apiVersion: ${PLUGIN_API_VERSION}, name, ... }, found ${shown(exported)}`,
    );
  const { apiVersion, name } = exported;
  if (typeof name !== 'string' || !PLUGIN_NAME.test(name))
    throw refused(`'${module}'`, `name: expected small letters, digits and . _ @ / - between, found ${shown(name)}`);
  const who = `'${name}' (${module})`;
  if (apiVersion !== PLUGIN_API_VERSION)
    throw refused(who, `apiVersion: expected ${PLUGIN_API_VERSION}, found ${shown(apiVersion)}`);
  const known = ['apiVersion', 'name', ...Object.keys(KINDS)];
  const unknown = Object.keys(exported).find((field) => !known.includes(field));
  if (unknown !== undefined) throw refused(who, `expected ${known.join(', ')}, found '${unknown}' as well`);
  const items = Object.keys(KINDS).map((kind) => checkItems(who, kind as Kind, exported[kind]));
  if (items.every((count) => count === 0))
    throw refused(who, `expected at least one of ${Object.keys(KINDS).join(', ')}, found none`);
  return exported as unknown as Plugin;
}

function checkItems(who: string, kind: Kind, given: unknown): number {
  if (given === undefined) return 0;
  if (!Array.isArray(given) || given.length > MAX_ITEMS)
    throw refused(who, `${kind}: expected a list of at most ${MAX_ITEMS}, found ${shown(given)}`);
  given.forEach((item: unknown, index) => {
    checkItem(who, kind, `${kind}[${index}]`, item);
  });
  return given.length;
}

function checkItem(who: string, kind: Kind, where: string, item: unknown): void {
  if (!isObject(item)) throw refused(who, `${where}: expected an object, found ${shown(item)}`);
  const { name: pattern, functions, optional } = KINDS[kind];
  const { name } = item;
  if (typeof name !== 'string' || !pattern.test(name))
    throw refused(who, `${where}.name: expected a text like ${pattern.source}, found ${shown(name)}`);
  for (const method of functions) checkFunction(who, `${where}.${method}`, item[method]);
  for (const method of optional) if (item[method] !== undefined) checkFunction(who, `${where}.${method}`, item[method]);
  if (kind === 'imageFormats') checkTitle(who, where, item);
  if (kind === 'sinks') {
    checkExtensions(who, where, item['extensions']);
    checkAliases(who, where, pattern, item['aliases']);
  }
}

function checkFunction(who: string, where: string, given: unknown): void {
  if (typeof given !== 'function') throw refused(who, `${where}: expected a function, found ${shown(given)}`);
}

function checkTitle(who: string, where: string, { title, hasNoMagic }: Members): void {
  if (typeof title !== 'string' || title === '' || title.length > MAX_TITLE)
    throw refused(who, `${where}.title: expected a text of at most ${MAX_TITLE} characters, found ${shown(title)}`);
  if (hasNoMagic !== undefined && hasNoMagic !== true)
    throw refused(who, `${where}.hasNoMagic: expected true or nothing, found ${shown(hasNoMagic)}`);
}

function checkExtensions(who: string, where: string, given: unknown): void {
  if (!Array.isArray(given) || given.length > MAX_ITEMS)
    throw refused(who, `${where}.extensions: expected a list, found ${shown(given)}`);
  for (const extension of given)
    if (typeof extension !== 'string' || !EXTENSION.test(extension))
      throw refused(who, `${where}.extensions: expected endings like '.acme', found ${shown(extension)}`);
}

function checkAliases(who: string, where: string, pattern: RegExp, given: unknown): void {
  if (given === undefined) return;
  if (!Array.isArray(given) || given.length > MAX_ITEMS)
    throw refused(who, `${where}.aliases: expected a list, found ${shown(given)}`);
  for (const alias of given)
    if (typeof alias !== 'string' || !pattern.test(alias))
      throw refused(who, `${where}.aliases: expected texts like ${pattern.source}, found ${shown(alias)}`);
}
