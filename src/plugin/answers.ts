import type { Warning } from '../errors.js';
import type { Source } from '../source/source.js';
import { type Calls, lentBefore, shown } from './calls.js';

/** More warnings of one image are no help to anybody. */
const MAX_WARNINGS = 256;
const MAX_WARNING = 1000;
const MAX_NAME = 4096;

/** The members of what a plug-in answered. @throws PoolTrackerError PLUGIN_FAILED for what is no object */
export function membersOf(calls: Calls, what: string, given: unknown): Record<string, unknown> {
  if (typeof given === 'object' && given !== null) return given as Record<string, unknown>;
  throw calls.failed(what, `expected an object, found ${shown(given)}`);
}

/** A whole number from 0 on. @param most the largest that is allowed */
export function wholeNumber(
  calls: Calls,
  what: string,
  name: string,
  given: unknown,
  most = Number.MAX_SAFE_INTEGER,
): number {
  if (Number.isSafeInteger(given) && (given as number) >= 0 && (given as number) <= most) return given as number;
  throw calls.failed(what, `${name}: expected a whole number from 0 to ${most}, found ${shown(given)}`);
}

export function textOf(calls: Calls, what: string, name: string, given: unknown): string {
  if (typeof given === 'string' && given !== '' && given.length <= MAX_NAME) return given;
  throw calls.failed(what, `${name}: expected a text of 1 to ${MAX_NAME} characters, found ${shown(given)}`);
}

export function truth(calls: Calls, what: string, given: unknown): boolean {
  if (typeof given === 'boolean') return given;
  throw calls.failed(what, `expected true or false, found ${shown(given)}`);
}

/** A list that is not longer than it may be; empty where there is none. */
export function listOf(calls: Calls, what: string, name: string, given: unknown, most: number): readonly unknown[] {
  if (given === undefined) return [];
  if (Array.isArray(given) && given.length <= most) return given;
  throw calls.failed(what, `${name}: expected a list of at most ${most}, found ${shown(given)}`);
}

/** One warning, with the plug-in's name. */
export function warningOf(calls: Calls, what: string, plugin: string, given: unknown): Warning {
  const { code, message } = membersOf(calls, what, given);
  return {
    code: textOf(calls, what, 'code of a warning', code),
    message: `plug-in '${plugin}': ${textOf(calls, what, 'message of a warning', message).slice(0, MAX_WARNING)}`,
  };
}

export function warningsOf(calls: Calls, what: string, plugin: string, given: unknown): Warning[] {
  return listOf(calls, what, 'warnings', given, MAX_WARNINGS).map((one) => warningOf(calls, what, plugin, one));
}

/**
 * A source that a plug-in made, held to what it says: its length stays what it was when it was opened, and each read gives
 * as many bytes as there are. One of ours that it was given and gave back is answered as it was.
 * @throws PoolTrackerError PLUGIN_FAILED
 */
export function sourceOfPlugin(calls: Calls, what: string, plugin: string, given: unknown): Source {
  const members = membersOf(calls, what, given);
  const before = lentBefore(members);
  if (before !== null) return before as Source;
  const name = textOf(calls, what, 'name of the source', members['name']);
  const byteLength = wholeNumber(calls, what, 'byteLength of the source', members['byteLength']);
  for (const method of ['read', 'close'] as const)
    if (typeof members[method] !== 'function')
      throw calls.failed(what, `the source's ${method}: expected a function, found ${shown(members[method])}`);
  const theirs = given as Source;
  let filledBytes = 0;
  const warnings = warningsOf(calls, what, plugin, members['warnings']);
  const read = async (target: Uint8Array, offset: number): Promise<number> => {
    const expected = Math.max(0, Math.min(target.length, byteLength - offset));
    if (expected === 0) return 0;
    const reading = `reading ${expected} bytes of ${name} at ${offset}`;
    const filled: unknown = await calls.ask(reading, () => theirs.read(target.subarray(0, expected), offset));
    if (filled !== expected)
      throw calls.failed(reading, `expected ${expected} as the number of bytes read, found ${shown(filled)}`);
    filledBytes += expected;
    return expected;
  };
  return {
    name,
    byteLength,
    get bytesRead() {
      const counted: unknown = calls.askNow(what, () => theirs.bytesRead);
      return Number.isSafeInteger(counted) && (counted as number) >= 0 ? (counted as number) : filledBytes;
    },
    read,
    ...(typeof members['sibling'] === 'function' && {
      sibling: async (fileName: string): Promise<Source | null> => {
        const asked = `opening ${fileName} beside ${name}`;
        const found: unknown = await calls.ask(asked, () => theirs.sibling!(fileName));
        return found === null ? null : sourceOfPlugin(calls, asked, plugin, found);
      },
    }),
    ...(warnings.length > 0 && { warnings }),
    ...(typeof members['archive'] === 'string' && { archive: members['archive'] }),
    close: async () => calls.ask(`closing ${name}`, () => theirs.close()),
  };
}
