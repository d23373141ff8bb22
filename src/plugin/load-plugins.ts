import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { IMAGE_FORMATS, PLUGGED_FORMATS } from '../image/formats.js';
import { PLUGGED_SYMBOL_SOURCES, SYMBOL_SOURCES } from '../kernel/symbols/symbols.js';
import { JSON_ARRAY, PLUGGED_SINKS, SINKS } from '../sink/sinks.js';
import { OWN_SCHEME_NAMES, PLUGGED_SCHEMES } from '../source/open-source.js';
import { Calls, thrownMessage } from './calls.js';
import { ownFormat } from './image-formats.js';
import type { Plugin } from './plugin.js';
import { checkedPlugin, refused } from './shape.js';
import { ownSink } from './sinks.js';
import { ownScheme } from './source-schemes.js';
import { ownSymbolSource } from './symbol-sources.js';

interface Loaded {
  readonly name: string;
  readonly remove: () => void;
  /** Calls of `loadPlugins` that asked for it and have not unloaded it. */
  users: number;
}

/** Plug-ins of this thread, by the URLs of their modules. */
const loaded = new Map<string, Loaded>();

/** What `loadPlugins` has loaded. */
export interface LoadedPlugins {
  /** Their names, in the order of their modules. */
  readonly names: readonly string[];
  /** Takes them out of every list again, but for those that another call has loaded as well; open images keep them. */
  unload(): void;
}

/** URLs of the modules of all plug-ins that are loaded in this thread: other threads load the same. */
export function loadedModules(): string[] {
  return [...loaded.keys()];
}

/**
 * Loads plug-ins for this process and the threads that it starts. A module that is loaded already is not loaded again.
 * @param modules each a path, relative to the current folder, a `file:` URL, or the name of a package that is installed
 *   where the current folder finds it
 * @throws PoolTrackerError PLUGIN_REFUSED: one that cannot be imported, is not of the contract's shape, or takes a name
 *   that something else has. Nothing of it stays, and those before it do
 */
export async function loadPlugins(modules: readonly string[]): Promise<LoadedPlugins> {
  const urls: string[] = [];
  try {
    for (const module of modules) {
      const url = await urlOf(module);
      const plugin = loaded.has(url) ? null : checkedPlugin(module, await imported(module, url));
      // Another call may have loaded it meanwhile.
      if (plugin !== null && !loaded.has(url)) loaded.set(url, add(module, plugin));
      if (urls.includes(url)) continue;
      // At once: another call that unloads it while the next is imported leaves it.
      loaded.get(url)!.users++;
      urls.push(url);
    }
  } catch (error) {
    release(urls);
    throw error;
  }
  let isLoaded = true;
  return {
    names: urls.map((url) => loaded.get(url)!.name),
    unload: () => {
      if (isLoaded) release(urls);
      isLoaded = false;
    },
  };
}

/** One user less of each; what nobody uses is taken off the lists. */
function release(urls: readonly string[]): void {
  for (const url of urls) {
    const one = loaded.get(url)!;
    if (--one.users > 0) continue;
    one.remove();
    loaded.delete(url);
  }
}

/** The URL of the module that a path or a package's name says. */
async function urlOf(module: string): Promise<string> {
  if (/^file:/i.test(module)) return module;
  const path = resolve(module);
  if ((await stat(path).catch(() => null))?.isFile() === true) return pathToFileURL(path).href;
  // What other schemes than file: would load is not on this machine.
  if (/^[a-z][a-z0-9+.-]+:/i.test(module)) throw refused(`'${module}'`, 'expected a path, or the name of a package');
  if (module === '' || /^[./\\]|^[a-z]:[/\\]|\.[cm]?[jt]s$/i.test(module))
    throw refused(`'${module}'`, `expected an ES module, and there is no file ${path}`);
  // Node's own import.meta.resolve does not resolve from another place than its module's.
  const { resolve: resolvePackage } = await import('import-meta-resolve');
  try {
    return resolvePackage(module, pathToFileURL(join(process.cwd(), 'plugins.js')).href);
  } catch (error) {
    throw refused(`'${module}'`, `there is no such file, and no such package: ${thrownMessage(error)}`, error);
  }
}

async function imported(module: string, url: string): Promise<unknown> {
  const exported = await new Calls(module).ask('import', async () => {
    try {
      return (await import(url)) as { readonly default?: unknown };
    } catch (error) {
      throw refused(`'${module}'`, `it cannot be imported: ${thrownMessage(error)}`, error);
    }
  });
  return exported.default;
}

/** Adds all that a plug-in has to the lists, or nothing. */
function add(module: string, plugin: Plugin): Loaded {
  const { name, imageFormats = [], sourceSchemes = [], symbolSources = [], sinks = [] } = plugin;
  const who = `'${name}' (${module})`;
  if ([...loaded.values()].some((other) => other.name === name))
    throw refused(who, `name: another plug-in is named '${name}' as well`);
  const names = (items: readonly { readonly name: string; readonly aliases?: readonly string[] }[]): string[] =>
    items.flatMap((item) => [item.name, ...(item.aliases ?? [])]);
  refuseTaken(who, 'image format', names(imageFormats), names([...IMAGE_FORMATS, ...PLUGGED_FORMATS.all]));
  refuseTaken(who, 'source scheme', names(sourceSchemes), [...OWN_SCHEME_NAMES, ...names(PLUGGED_SCHEMES.all)]);
  const sources = names([...SYMBOL_SOURCES, ...PLUGGED_SYMBOL_SOURCES.all]);
  refuseTaken(who, 'symbol source', names(symbolSources), sources);
  const allSinks = [...SINKS, JSON_ARRAY, ...PLUGGED_SINKS.all];
  refuseTaken(who, 'output format', names(sinks), names(allSinks));
  const endings = (items: readonly { readonly extensions: readonly string[] }[]): string[] =>
    items.flatMap(({ extensions }) => extensions);
  // The first of our endings that fits a name has it.
  const ours = endings(allSinks);
  for (const ending of endings(sinks))
    if (ours.some((taken) => ending.endsWith(taken)))
      throw refused(who, `ending of output files '${ending}': expected a name of its own, and it is taken`);
  refuseTaken(who, 'ending of output files', endings(sinks), []);
  const removals = [
    PLUGGED_FORMATS.add(imageFormats.map((format) => ownFormat(name, format))),
    PLUGGED_SCHEMES.add(sourceSchemes.map((scheme) => ownScheme(name, scheme))),
    PLUGGED_SYMBOL_SOURCES.add(symbolSources.map((source) => ownSymbolSource(name, source))),
    PLUGGED_SINKS.add(sinks.map((sink) => ownSink(name, sink))),
  ];
  return { name, users: 0, remove: () => removals.forEach((remove) => remove()) };
}

function refuseTaken(who: string, what: string, wanted: readonly string[], taken: readonly string[]): void {
  wanted.forEach((name, index) => {
    if (taken.includes(name)) throw refused(who, `${what} '${name}': expected a name of its own, and it is taken`);
    if (wanted.indexOf(name) !== index) throw refused(who, `${what} '${name}': it has two of that name`);
  });
}
