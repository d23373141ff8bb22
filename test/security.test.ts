import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';

const TEXT = readFileSync('SECURITY.md', 'utf8');

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  Mi: 2 ** 20,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  KiB: 2 ** 10,
  million: 1e6,
  s: 1,
};

/** `16,384`, `4 Mi`, `2^36`, `64 MiB` as a number. */
function valueOf(figure: string): number {
  const [, digits, power, unit] = /^([\d,]+)(?:\^(\d+))?(?: ([A-Za-z]+))?$/.exec(figure)!;
  const number = Number(digits!.replaceAll(',', ''));
  return (power === undefined ? number : number ** Number(power)) * UNITS[unit ?? '']!;
}

/** `64`, `1 << 20` or `2 ** 20` as a number. */
function factorOf(text: string): number {
  const [, base, operator, exponent] = /^([\dx_a-f]+)(?: (<<|\*\*) (\d+))?$/.exec(text)!;
  const number = Number(base!.replaceAll('_', ''));
  return operator === undefined
    ? number
    : number * (operator === '<<' ? 2 : number) ** (Number(exponent) - (operator === '<<' ? 0 : 1));
}

/** What a constant of a source file is set to. */
function constantIn(file: string, name: string): number {
  const source = readFileSync(`src/${file}`, 'utf8');
  const text = new RegExp(`\\b${name}(?: =|:) (\\d[^;,}]*)`).exec(source)?.[1];
  assert.ok(text !== undefined, `src/${file} sets ${name} to a number`);
  return text
    .trim()
    .split(' * ')
    .map(factorOf)
    .reduce((product, factor) => product * factor);
}

/** Of each row of the table by its first words: a figure in it, the constant that is the limit, and its unit in the row's. */
const LIMITS: readonly (readonly [row: string, figure: string, file: string, constant: string, scale?: number])[] = [
  ['separate pieces of memory', '4 Mi', 'image/run-list.ts', 'MAX_RUNS'],
  ['LiME ranges', '16,384', 'image/lime/lime.ts', 'MAX_RANGES'],
  ['LiME ranges', '131,072', 'image/elf/header.ts', 'MAX_ENTRIES'],
  ['LiME ranges', '14,971', 'image/ewf/segments.ts', 'MAX_SEGMENTS'],
  ['LiME ranges', '65,536', 'image/ewf/segments.ts', 'MAX_SECTIONS'],
  ['LiME ranges', '1 Mi', 'image/ewf/read-errors.ts', 'MAX_READ_ERRORS'],
  ['compressed chunk', '16 MiB', 'image/aff4/stream.ts', 'MAX_CHUNK'],
  ['compressed chunk', '16 MiB', 'image/ewf/ewf.ts', 'MAX_CHUNK'],
  ['compressed chunk', '16 MiB', 'image/aff/index-of-pages.ts', 'MAX_PAGE_SIZE'],
  ['compressed chunk', '16 MiB', 'source/reading/chunked-source.ts', 'CACHE_BYTES'],
  ['compressed chunk', '64 MiB', 'image/aff/aff.ts', 'CACHE_BYTES'],
  ['compressed chunk', '4,096', 'source/reading/chunked-source.ts', 'MAX_DAMAGED'],
  ['AFF4 metadata', '4 MiB', 'image/aff4/volume.ts', 'MAX_METADATA'],
  ['AFF4 metadata', '64 MiB', 'image/aff4/aff4.ts', 'MAX_MAP'],
  ['AFF4 metadata', '128 MiB', 'source/zip-directory.ts', 'MAX_DIRECTORY'],
  ['pages in the bitmap', '2^36', 'image/crash-dump/page-lists.ts', 'MAX_BITS'],
  ['pages in the bitmap', '256 MiB', 'image/crash-dump/page-lists.ts', 'MAX_METADATA'],
  ['window or dictionary', '128 MiB', 'codec/zstd/zstd-frame.ts', 'MAX_ZSTD_WINDOW'],
  ['window or dictionary', '128 MiB', 'source/wrapper/xz/streams.ts', 'MAX_DICTIONARY'],
  ['window or dictionary', '128 MiB', 'source/wrapper/lzma.ts', 'MAX_DICTIONARY'],
  ['seekable zstd frames', '64 MiB', 'source/wrapper/zstd.ts', 'MAX_FRAME'],
  ['seekable zstd frames', '64 MiB', 'source/wrapper/zstd.ts', 'MAX_TABLE'],
  ['seekable zstd frames', '64 MiB', 'source/wrapper/zstd.ts', 'CACHE_BYTES'],
  ['seekable zstd frames', '64 MiB', 'source/wrapper/xz/block-index.ts', 'MAX_BLOCK'],
  ['seekable zstd frames', '64 MiB', 'source/wrapper/xz/block-index.ts', 'MAX_INDEX'],
  ['seekable zstd frames', '128 MiB', 'source/wrapper/xz/block-index.ts', 'CACHE_BYTES'],
  ['page table roots', '4,096', 'kernel/root/root-search.ts', 'MAX_ROOTS'],
  ['page table roots', '64', 'kernel/root/root-search.ts', 'MAX_REJECTIONS'],
  ['size of the kernel image', '64 MiB', 'kernel/pe.ts', 'MAX_KERNEL'],
  ['size of the kernel image', '96', 'kernel/pe.ts', 'MAX_SECTIONS'],
  ['processes; objects', '65,536', 'kernel/objects/process-lists.ts', 'MAX_PROCESSES'],
  ['processes; objects', '1 Mi', 'kernel/objects/object-count.ts', 'MAX_OBJECTS'],
  ['processes; objects', '16,384', 'kernel/objects/handle-table.ts', 'MAX_TABLE_PAGES'],
  ['processes; objects', '4,096', 'kernel/objects/loaded-modules.ts', 'MAX_MODULES'],
  ['slots of a tracker table', '64', 'pool/table/hash-law.ts', 'MIN_SLOTS'],
  ['slots of a tracker table', '65,536', 'pool/table/hash-law.ts', 'MAX_SLOTS'],
  ['slots of a tracker table', '65,536', 'pool/locate/expansion/expansion-size.ts', 'MAX_EXPANSION_ENTRIES'],
  ['entries of the table of big', '4 Mi', 'pool/big-pages/big-page-layout.ts', 'MAX_BIG_ENTRIES'],
  ['pages kept while carving', '16,384', 'pool/carve/fit/page-collection.ts', 'MAX_SURE'],
  ['pages kept while carving', '4,096', 'pool/carve/fit/page-collection.ts', 'MAX_WEAK'],
  ['symbol file held in memory', '12 MiB', 'kernel/symbols/symbol-document.ts', 'PARSED_WHOLE'],
  ['symbol file held in memory', '512 MiB', 'kernel/symbols/symbol-document.ts', 'MAX_BYTES'],
  ['symbol file held in memory', '100', 'kernel/symbols/symbol-document.ts', 'MAX_RATIO'],
  ['symbol file held in memory', '256 MiB', 'kernel/symbols/pdb/msf.ts', 'MAX_STREAM'],
  ['symbol file held in memory', '256 MiB', 'kernel/symbols/cabinet.ts', 'MAX_UNPACKED'],
  ['depth of a symbol file', '64', 'kernel/symbols/symbol-document.ts', 'MAX_DEPTH'],
  ['depth of a symbol file', '2 million', 'kernel/symbols/symbol-document.ts', 'MAX_CONTAINERS'],
  ['depth of a symbol file', '4 MiB', 'pool/tag-names/pooltag-file.ts', 'MAX_FILE'],
  ['line or record', '16 MiB', 'sink/read/text-input.ts', 'MAX_LINE_LENGTH'],
  ['line or record', '16 MiB', 'sink/read/csv-parser.ts', 'MAX_RECORD_LENGTH'],
  ['label file', '256 Mi', 'dataset/images/labels.ts', 'MAX_FILE'],
  ['label file', '1 Mi', 'dataset/images/labels.ts', 'MAX_LINE'],
  ['log of a live machine', '256 MiB', 'sink/live-log/live-log.ts', 'MAX_LOG'],
  ['heap of the process', '256 MiB', 'sink/isolated/isolated.ts', 'HEAP_LIMIT_MB', 2 ** 20],
  ['heap of a thread', '1 GiB', 'dataset/ingest/image-pool.ts', 'WORKER_HEAP_MIB', 2 ** 20],
  ['time in which 8 KiB', '8 KiB', 'source/remote/retry.ts', 'PACE'],
  ['time in which 8 KiB', '30 s', 'source/remote/retry.ts', 'IDLE_LIMIT', 1e-3],
  ['time in which 8 KiB', '30 s', 'source/remote/retry.ts', 'longestWait', 1e-3],
  ['time in which 8 KiB', '5', 'source/remote/retry.ts', 'attempts'],
  ['time in which 8 KiB', '5', 'source/remote/http-source.ts', 'MAX_REDIRECTS'],
  ['wrappers in wrappers', '3', 'source/open-source.ts', 'MAX_WRAPPERS'],
  ['wrappers in wrappers', '10,000', 'source/wrapper/tar.ts', 'MAX_MEMBERS'],
  ['ELF notes', '65,536', 'image/processor-notes.ts', 'MAX_NOTES'],
  ['ELF notes', '4,096', 'image/qemu/ram.ts', 'MAX_BLOCKS'],
  ['ELF notes', '512 GiB', 'image/qemu/ram-blocks.ts', 'MAX_PAGES', 4096],
  ['Hyper-V', '4,096', 'image/hyper-v/storage.ts', 'MAX_OBJECT_TABLES'],
  ['Hyper-V', '4 Mi', 'image/hyper-v/storage.ts', 'MAX_OBJECTS'],
  ['Hyper-V', '16 MiB', 'image/hyper-v/storage.ts', 'MAX_KEY_TABLE'],
  ['Hyper-V', '256 MiB', 'image/hyper-v/partition-state.ts', 'MAX_PARTITION_STATE'],
  ['parts of a split file', '10,000', 'source/split-parts.ts', 'MAX_PARTS'],
  ['parts of a split file', '200,000', 'pool/tag-names/driver-folder.ts', 'MAX_FILES'],
  ['parts of a split file', '50,000', 'pool/tag-names/driver-folder.ts', 'MAX_FOLDERS'],
  ['parts of a split file', '64', 'pool/tag-names/driver-folder.ts', 'MAX_DEPTH'],
  ['runs, warnings, page table roots that a plug-in', '4 Mi', 'plugin/image-formats.ts', 'MAX_RUNS'],
  ['runs, warnings, page table roots that a plug-in', '256', 'plugin/answers.ts', 'MAX_WARNINGS'],
  ['runs, warnings, page table roots that a plug-in', '256', 'plugin/image-formats.ts', 'MAX_ROOTS'],
  ['runs, warnings, page table roots that a plug-in', '2,000', 'plugin/calls.ts', 'MAX_MESSAGE'],
  ['fields of a job', '256', 'dataset/queue/job-check.ts', 'MAX_LABELS'],
  ['fields of a job', '4,096', 'dataset/queue/job-check.ts', 'MAX_TEXT'],
  ['fields of a job', '8', 'dataset/queue/queue-worker.ts', 'MAX_OPEN'],
];

interface Row {
  readonly what: string;
  readonly limits: string;
  readonly places: readonly string[];
}

/** The rows of the table of limits. */
const ROWS: readonly Row[] = [...TEXT.matchAll(/^\| ([^|]+) \| ([^|]+) \| (`[^|]+`) \|$/gm)].map(
  ([, what, limits, where]) => ({
    what: what!,
    limits: limits!,
    places: where!.split(', ').map((place) => place.replaceAll('`', '')),
  }),
);

describe('SECURITY.md', () => {
  it('tells the limits that the code has', () => {
    for (const [row, figure, file, constant, scale = 1] of LIMITS) {
      const { what, limits, places } = ROWS.find((one) => one.what.startsWith(row))!;
      const told = `${what} ${limits}`;
      assert.match(told, new RegExp(`(^|[^\\d,^])${figure.replace('^', '\\^')}(?![\\d,]*\\d)`), `${row}: ${figure}`);
      assert.equal(constantIn(file, constant) * scale, valueOf(figure), `${row}: ${constant} of ${file}`);
      assert.ok(
        places.some((place) => file === place || file.startsWith(`${place}/`)),
        `${row}: ${file} is where it says`,
      );
    }
  });

  it('has no row without a place that exists, and none that is not held against the code', () => {
    assert.ok(ROWS.length > 20);
    for (const { what, places } of ROWS)
      for (const place of places) assert.ok(existsSync(`src/${place}`), place + what);
    const others = ROWS.filter(({ what }) => !LIMITS.some(([row]) => what.startsWith(row))).map(({ what }) => what);
    // One is asked of `checkRun` by the tests of run lists, the other is what each container asks for.
    assert.deepEqual(others, [
      'physical address, file offset',
      'block of a codec (lz4, lzo, snappy, xpress, lznt1, bzip2)',
    ]);
  });

  it('names tests that are there', () => {
    const named = [...TEXT.matchAll(/`(test\/[\w/.-]+)`/g)].map(([, path]) => path!);
    assert.ok(named.length >= 5);
    for (const path of named) assert.ok(existsSync(path), path);
  });
});
