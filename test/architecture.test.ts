import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cruise, type ICruiseResult } from 'dependency-cruiser';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Data flows one way: a floor imports from those before it. What lies beside them is below all, but for the faces. */
const FLOORS = [
  'codec',
  'source',
  'image',
  'memory',
  'kernel',
  'pool',
  'scan',
  'record',
  'sink',
  'plugin',
  'dataset',
  'report',
  'library',
  'cli',
];
/** The library's face stands above every floor but these. */
const ABOVE_THE_FACES: Readonly<Record<string, readonly string[]>> = {
  'src/index.ts': ['cli'],
};

/** Rooms that hide nothing: each file is imported by its own name. */
const SHELVES = [
  'source/reading',
  'source/stream',
  'pool/table',
  'record/columns',
  'record/schema',
  'sink/read',
  'sink/file',
  'dataset/store',
  'dataset/images',
  'report/page',
  'report/chart',
  'cli/options',
  'cli/display',
  'cli/shell',
];

/** The one file of a room that others import, where it does not have the room's name. */
const DOORS: Readonly<Record<string, string>> = {
  'record/arrow': 'record-batches',
  'source/wrapper': 'wrappers',
};

/** Rooms of which the floor's lists alone know: one of many that fulfil a contract. */
const LISTED: readonly { readonly rooms: RegExp; readonly by: readonly string[] }[] = [
  { rooms: /^image\//, by: ['src/image/formats.ts'] },
  {
    rooms: /^sink\//,
    by: [
      'src/sink/sinks.ts',
      'src/sink/readers.ts',
      'src/sink/isolated/decode-process.ts',
      'src/sink/isolated/batches.ts',
    ],
  },
  { rooms: /^source\/(local|remote)$/, by: ['src/source/open-source.ts'] },
];

/** Inner rooms, for the room around them alone. */
const INNER = /^(?<around>[^/]+\/[^/]+)\/[^/]+$/;

const MAX_LINES = 300;
const MAX_FILES_IN_FOLDER = 15;

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isReExport: boolean;
}

const floorOf = (file: string): string | null => /^src\/([^/]+)\//.exec(file)?.[1] ?? null;
/** The folder below `src` that a file lies in, when it is a room and not a floor; else null. */
const roomOf = (file: string): string | null => /^src\/([^/]+\/.+)\/[^/]+$/.exec(file)?.[1] ?? null;
const told = ({ from, to }: Import): string => `${from} imports ${to}`;

function mayEnter({ from, to }: Import, room: string): boolean {
  const here = roomOf(from);
  if (here === room || here?.startsWith(`${room}/`) === true || SHELVES.includes(room)) return true;
  const around = INNER.exec(room)?.groups?.around;
  if (around !== undefined) return here === around || here?.startsWith(`${around}/`) === true;
  const listed = LISTED.find(({ rooms }) => rooms.test(room));
  if (listed !== undefined) return listed.by.includes(from);
  return to === `src/${room}/${DOORS[room] ?? room.split('/').at(-1)}.ts`;
}

/** Circles of a graph, each by one way round. */
function circlesOf(edges: Iterable<readonly [string, string]>): string[] {
  const next = new Map<string, Set<string>>();
  for (const [from, to] of edges) if (from !== to) next.set(from, (next.get(from) ?? new Set()).add(to));
  const done = new Set<string>();
  const path: string[] = [];
  const circles: string[] = [];
  const visit = (node: string): void => {
    const at = path.indexOf(node);
    if (at >= 0) circles.push([...path.slice(at), node].join(' -> '));
    if (at >= 0 || done.has(node)) return;
    path.push(node);
    for (const neighbour of next.get(node) ?? []) visit(neighbour);
    path.pop();
    done.add(node);
  };
  for (const node of next.keys()) visit(node);
  return circles;
}

describe('the import graph', () => {
  let imports: Import[];

  before(async () => {
    const { output } = await cruise(['src'], {
      baseDir: ROOT,
      includeOnly: '^src/',
      tsPreCompilationDeps: true,
    });
    const { modules } = output as ICruiseResult;
    imports = modules.flatMap(({ source, dependencies }) =>
      dependencies.map(({ resolved, dependencyTypes }) => ({
        from: source,
        to: resolved,
        isReExport: dependencyTypes.includes('export'),
      })),
    );
    assert.ok(imports.length > 500, `only ${imports.length} imports were read`);
  });

  it('runs one way over the floors', () => {
    const isUp = ({ from, to }: Import): boolean => {
      const [below, above] = [floorOf(from), floorOf(to)];
      if (above === null)
        return to in ABOVE_THE_FACES && !(from in ABOVE_THE_FACES) && !ABOVE_THE_FACES[to]!.includes(below ?? '');
      if (below === null) return ABOVE_THE_FACES[from]?.includes(above) ?? true;
      return FLOORS.indexOf(above) > FLOORS.indexOf(below);
    };
    assert.deepEqual(imports.filter(isUp).map(told), []);
  });

  it('has no file on an unknown floor', () => {
    const floors = new Set(imports.flatMap(({ from, to }) => [floorOf(from), floorOf(to)]));
    assert.deepEqual(
      [...floors].filter((floor) => floor !== null && !FLOORS.includes(floor)),
      [],
    );
  });

  it('enters rooms by their doors', () => {
    const past = imports.filter((one) => {
      const room = roomOf(one.to);
      return room !== null && !mayEnter(one, room);
    });
    assert.deepEqual(past.map(told), []);
  });

  it('re-exports only what lies in the own room', () => {
    const isForeign = ({ from, to }: Import): boolean => {
      const [room, there] = [roomOf(from), roomOf(to)];
      if (room === null) return !(from in ABOVE_THE_FACES) && floorOf(from) !== floorOf(to);
      return there !== room && there?.startsWith(`${room}/`) !== true;
    };
    assert.deepEqual(imports.filter((one) => one.isReExport && isForeign(one)).map(told), []);
  });

  it('has no circle between files', () => {
    assert.deepEqual(circlesOf(imports.map(({ from, to }) => [from, to] as const)), []);
  });

  it('has no circle between rooms', () => {
    const place = (file: string): string => roomOf(file) ?? file;
    // An inner room and the room around it are one: the room is put together from it.
    const outer = (file: string): string => INNER.exec(roomOf(file) ?? '')?.groups?.around ?? place(file);
    assert.deepEqual(circlesOf(imports.map(({ from, to }) => [outer(from), outer(to)] as const)), []);
  });

  it('has no circle between inner rooms', () => {
    const inner = imports.flatMap(({ from, to }) => {
      const [here, there] = [roomOf(from), roomOf(to)];
      return here !== null && there !== null && INNER.test(here) && INNER.test(there) ? [[here, there] as const] : [];
    });
    assert.deepEqual(circlesOf(inner), []);
  });
});

describe('the layout', () => {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `src/${name}`);

  it(`has no file of more than ${MAX_LINES} lines`, () => {
    const long = files.filter(
      (file) => readFileSync(join(ROOT, file), 'utf8').trimEnd().split('\n').length > MAX_LINES,
    );
    assert.deepEqual(long, []);
  });

  it(`has no folder with more than ${MAX_FILES_IN_FOLDER} files of its own`, () => {
    const counts = new Map<string, number>();
    for (const file of files) {
      const folder = file.slice(0, file.lastIndexOf('/'));
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
    assert.deepEqual(
      [...counts].filter(([, count]) => count > MAX_FILES_IN_FOLDER),
      [],
    );
  });

  it('has every floor and room in docs/architecture.md', () => {
    const text = readFileSync(join(ROOT, 'docs', 'architecture.md'), 'utf8');
    const places = new Set(files.flatMap((file) => [floorOf(file), roomOf(file)]));
    const named = (place: string): boolean => text.includes(`\`${place}\``) || text.includes(`\`${place}/\``);
    assert.deepEqual(
      [...places].filter((place) => place !== null && !named(place)),
      [],
    );
  });
});
