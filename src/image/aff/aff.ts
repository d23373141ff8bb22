import type { Warning } from '../../errors.js';
import { ChunkedSource, evenChunks } from '../../source/reading/chunked-source.js';
import { Container } from '../../source/reading/container.js';
import { fileNameOf, type Source } from '../../source/source.js';
import { ClippedRuns } from '../clipped-runs.js';
import type { ImageFormat } from '../image.js';
import { BadSectors } from './bad-sectors.js';
import { AffIndex } from './index-of-pages.js';
import { loadPage } from './pages.js';
import { openRawParts } from './raw-parts.js';
import { AFF_TITLE, isAff } from './segments.js';

/** Decompressed bytes that are kept: four pages of the size that AFFLIB takes. */
const CACHE_BYTES = 64 << 20;

/** AFFLIB's names of the files in an .afd folder. */
const IN_FOLDER = /^(file_)(\d{3,})(\.aff)$/i;

/** The other files of an .afd folder, over which the pages are spread; a later one given alone is said to be one. */
async function filesBeside(source: Source, warn: (warning: Warning) => void): Promise<Source[]> {
  const name = IN_FOLDER.exec(fileNameOf(source));
  if (name === null) return [];
  const beside = async (number: number): Promise<Source | null> =>
    (await source.sibling?.(`${name[1]}${String(number).padStart(name[2]!.length, '0')}${name[3]}`)) ?? null;
  const own = Number(name[2]);
  const files: Source[] = [];
  for (let next = await beside(own > 0 ? 0 : 1); next !== null; next = own > 0 ? null : await beside(files.length + 1))
    files.push(next);
  if (own === 0 || files.length === 0) return files;
  await files[0]!.close();
  const message = `it is file ${own} of an .afd folder and holds a share of the pages: name file 0 to read all of them`;
  warn({ code: 'image-part', message });
  return [];
}

/** AFF, version 3: pages of some MiB in named segments; also with raw parts beside it (.afm), or as a folder (.afd). */
export const aff: ImageFormat = {
  name: 'aff',
  title: 'AFF version 3 (.aff, .afm with its raw parts, .afd)',
  probe: isAff,
  async open(source) {
    const container = new Container(source, AFF_TITLE);
    const warnings: Warning[] = [];
    const warn = (warning: Warning): number => warnings.push(warning);
    const further: Source[] = await filesBeside(source, warn);
    try {
      const index = new AffIndex(container);
      await index.read(container, warn);
      for (const file of further) await index.read(new Container(file, AFF_TITLE), warn);
      if (index.isMetadata) further.push(...(await openRawParts(index, warn)));
      const { pageSize, byteLength } = await index.measure();
      const runs = new ClippedRuns(container, byteLength);
      for (const number of index.numbers()) {
        const start = number * pageSize;
        runs.add(start, Math.min(pageSize, byteLength - start), start);
      }
      const finished = runs.finish();
      const missing = byteLength - finished.runs.byteLength;
      if (missing > 0)
        warn({ code: 'image-cut', message: `${missing} of ${byteLength} bytes of the image are in no page of it` });
      const view = new ChunkedSource(
        [source, ...further],
        {
          ...evenChunks(pageSize, byteLength),
          load: ({ index: number, length }) => loadPage(number, index.page(number), index.hash(number), length),
        },
        CACHE_BYTES,
      );
      return {
        format: 'aff',
        source: index.badSector === null ? view : new BadSectors(view, index.badSector),
        runs: finished.runs,
        hints: {},
        warnings: [...warnings, ...finished.warnings],
      };
    } catch (error) {
      await Promise.all(further.map((file) => file.close()));
      throw error;
    }
  },
};
