import { type PhysicalAddress, physicalAddress, virtualAddress } from '../address.js';
import type { Warning } from '../errors.js';
import { ClippedRuns } from '../image/clipped-runs.js';
import type { Architecture, ImageFormat as OwnImageFormat, ImageHints, OpenedImage } from '../image/image.js';
import { RunListBuilder } from '../image/run-list.js';
import type { ByteReader } from '../source/reading/byte-reader.js';
import { Container } from '../source/reading/container.js';
import type { Source } from '../source/source.js';
import { listOf, membersOf, sourceOfPlugin, textOf, truth, warningOf, warningsOf, wholeNumber } from './answers.js';
import { Calls, lent, lentBefore, shown } from './calls.js';
import type { ImageFormat } from './plugin.js';

const ARCHITECTURES: readonly string[] = ['x64', 'x86', 'arm64'] satisfies Architecture[];
const MAX_ADDRESS = 2 ** 52 - 1;
const MAX_ROOTS = 256;
const MAX_PROCESSORS = 65_536;
/** As a run list has at most; a list without end is no list. */
const MAX_RUNS = 1 << 22;

/** A plug-in's format as one of ours: what it answers is checked and bounded, what it throws has its name. */
export function ownFormat(plugin: string, format: ImageFormat): OwnImageFormat {
  const { name, title } = format;
  const asked = (method: string): string => `image format '${name}': ${method}`;
  return {
    name,
    title,
    ...(format.hasNoMagic === true && { hasNoMagic: true }),
    probe: async (head, source) => {
      const calls = new Calls(plugin, source.name);
      const what = asked('probe');
      return truth(calls, what, await calls.ask(what, () => format.probe(Buffer.from(head), lent(source))));
    },
    ...(format.keepsWrapper !== undefined && {
      keepsWrapper: async (source: Source) => {
        const calls = new Calls(plugin, source.name);
        const what = asked('keepsWrapper');
        return truth(calls, what, await calls.ask(what, () => format.keepsWrapper!(lent(source))));
      },
    }),
    open: async (source) => {
      const calls = new Calls(plugin, source.name);
      const what = asked('open');
      const opened: unknown = await calls.ask(what, () => format.open(lent(source)));
      return openedImage(calls, what, plugin, { name, title }, opened);
    },
    ...(format.stream !== undefined && {
      stream: (input: ByteReader, warn: (warning: Warning) => void) => streamedRuns(plugin, format, input, warn),
    }),
  };
}

async function openedImage(
  calls: Calls,
  what: string,
  plugin: string,
  format: { readonly name: string; readonly title: string },
  opened: unknown,
): Promise<OpenedImage> {
  const members = membersOf(calls, what, opened);
  const source = sourceOfPlugin(calls, `${what}: source`, plugin, members['source']);
  try {
    return checkedImage(calls, what, plugin, format, source, members);
  } catch (error) {
    // One of ours that it gave back is closed by who opened it.
    if (lentBefore(members['source'] as object) === null) await source.close().catch(() => undefined);
    throw error;
  }
}

function checkedImage(
  calls: Calls,
  what: string,
  plugin: string,
  format: { readonly name: string; readonly title: string },
  source: Source,
  members: Readonly<Record<string, unknown>>,
): OpenedImage {
  const runs = new ClippedRuns(new Container(source, format.title));
  let count = 0;
  calls.askNow(`${what}: runs`, () => {
    const given = members['runs'];
    if (typeof given !== 'object' || given === null || !(Symbol.iterator in given))
      throw calls.failed(what, `runs: expected a list, found ${shown(given)}`);
    for (const run of given as Iterable<unknown>) {
      if (++count > MAX_RUNS) throw calls.failed(what, `runs: expected at most ${MAX_RUNS}, found more`);
      const { start, length, offset } = membersOf(calls, `${what}: run ${count}`, run);
      const field = (name: string, value: unknown): number => wholeNumber(calls, `${what}: run ${count}`, name, value);
      runs.add(field('start', start), field('length', length), field('offset', offset));
    }
  });
  const warnings = warningsOf(calls, what, plugin, members['warnings']);
  const finished = calls.askNow(what, () => runs.finish());
  return {
    format: format.name,
    source,
    runs: finished.runs,
    hints: hintsOf(calls, `${what}: hints`, members['hints']),
    warnings: [...finished.warnings, ...warnings],
  };
}

/** What it claims about the machine: no hint is believed, but each has to be of its kind. */
function hintsOf(calls: Calls, what: string, given: unknown): ImageHints {
  if (given === undefined) return {};
  const hints = membersOf(calls, what, given);
  const { architecture, systemTime, processors, build } = hints;
  if (architecture !== undefined && !ARCHITECTURES.includes(architecture as string))
    throw calls.failed(what, `architecture: expected one of ${ARCHITECTURES.join(', ')}, found ${shown(architecture)}`);
  if (systemTime !== undefined && !(systemTime instanceof Date && !Number.isNaN(systemTime.getTime())))
    throw calls.failed(what, `systemTime: expected a Date, found ${shown(systemTime)}`);
  const roots = listOf(calls, what, 'pageTableRoots', hints['pageTableRoots'], MAX_ROOTS).map((root) => {
    const { address, from } = membersOf(calls, `${what}: pageTableRoots`, root);
    const at = wholeNumber(calls, what, 'address of a page table root', address, MAX_ADDRESS);
    return { address: physicalAddress(at), from: textOf(calls, what, 'from of a page table root', from) };
  });
  const virtual = (name: 'psLoadedModuleList' | 'kdDebuggerDataBlock'): object => {
    const value = hints[name];
    if (value === undefined) return {};
    if (typeof value === 'bigint' && value >= 0n && value < 1n << 64n) return { [name]: virtualAddress(value) };
    throw calls.failed(what, `${name}: expected an unsigned 64-bit bigint, found ${shown(value)}`);
  };
  return {
    ...(architecture !== undefined && { architecture: architecture as Architecture }),
    ...(roots.length > 0 && { pageTableRoots: roots }),
    ...virtual('psLoadedModuleList'),
    ...virtual('kdDebuggerDataBlock'),
    ...(systemTime !== undefined && { systemTime: new Date(systemTime as Date) }),
    ...(processors !== undefined && {
      processors: wholeNumber(calls, what, 'processors', processors, MAX_PROCESSORS),
    }),
    ...(build !== undefined && { build: wholeNumber(calls, what, 'build', build, 0xffff_ffff) }),
  };
}

type CheckedRun = { readonly start: PhysicalAddress | null; readonly length: number; readonly bytes?: Uint8Array };

async function* streamedRuns(
  plugin: string,
  format: ImageFormat,
  input: ByteReader,
  warn: (warning: Warning) => void,
): AsyncGenerator<CheckedRun> {
  const calls = new Calls(plugin, input.name);
  const what = `image format '${format.name}': stream`;
  const reader = input.as(format.title);
  const seen = new RunListBuilder(reader.label);
  const tell = (warning: Warning): void => warn(warningOf(calls, what, plugin, warning));
  const check = (given: unknown): CheckedRun => {
    const { start, length, bytes } = membersOf(calls, what, given);
    if (bytes !== undefined && !(bytes instanceof Uint8Array && bytes.length === length))
      throw calls.failed(what, `bytes of a run: expected ${shown(length)} bytes, found ${shown(bytes)}`);
    const size = length === Infinity ? Infinity : wholeNumber(calls, what, 'length of a run', length);
    const address = start === null ? null : physicalAddress(wholeNumber(calls, what, 'start of a run', start));
    if (address !== null && size !== Infinity) calls.askNow(what, () => seen.add(address, size, reader.offset));
    return { start: address, length: size, ...(bytes !== undefined && { bytes: bytes as Uint8Array }) };
  };
  yield* calls.each(what, () => format.stream!(lent(reader), tell), check);
  // Two runs that claim the same physical memory.
  calls.askNow(what, () => seen.build());
}
