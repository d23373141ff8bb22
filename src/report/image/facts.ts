import { DOUBTFUL } from '../../image/image.js';
import type { Missing } from '../../errors.js';
import type { ImageColumns } from '../../record/rows/rows.js';
import type { Row } from '../../record/schema/record-type.js';

/** What one pool, or both, count under a tag. */
export interface Counts {
  readonly allocs: bigint;
  readonly frees: bigint;
  readonly outstanding: bigint;
  readonly bytes: bigint;
}

/** A tag as the panels need it. */
export interface TagFacts extends Counts {
  /** Index of its row in the table. */
  readonly row: number;
  readonly tag: string;
  readonly key: number;
  readonly nonpaged: Counts;
  readonly paged: Counts;
  /** The binary that lists name; else the first in whose code the tag was found; else null. */
  readonly driver: string | null;
  /** Where the name is from. */
  readonly named: 'list' | 'code' | null;
  readonly description: string | null;
  /** False where a part may be missing, or the evidence does not decide. */
  readonly complete: boolean;
  /** consistent, torn or impossible. */
  readonly consistency: string;
  readonly place: string;
}

/** The big allocations, summed up. */
export interface BigFacts {
  readonly allocations: number;
  readonly bytes: bigint;
  /** By the power of two that their size is at least. */
  readonly sizes: readonly {
    readonly power: number;
    readonly count: number;
    readonly nonpaged: bigint;
    readonly paged: bigint;
  }[];
  readonly largest: readonly { readonly tag: string; readonly address: string; readonly bytes: bigint }[];
  /** What could not be read, if anything. */
  readonly shortfall: string | null;
}

/** What a processor counted under a tag: allocations less frees; null where its part was not read. */
export interface ProcessorCount {
  readonly key: number;
  readonly processor: number;
  readonly difference: bigint | null;
}

/** All that a report of one image tells. */
export interface ImageFacts {
  /** As `info` has it. */
  readonly image: ImageColumns;
  /** Largest first. */
  readonly tags: readonly TagFacts[];
  readonly big: BigFacts | Missing;
  /** `process` rows. */
  readonly processes: readonly Row[];
  readonly processShortfall: string | null;
  /** `object_count` rows. */
  readonly objects: readonly Row[];
  /** Of the largest tags. */
  readonly processors: readonly ProcessorCount[];
}

function counts(row: Row, pool: string): Counts {
  return {
    allocs: row[`${pool}_allocs`] as bigint,
    frees: row[`${pool}_frees`] as bigint,
    outstanding: row[`${pool}_outstanding`] as bigint,
    bytes: row[`${pool}_bytes`] as bigint,
  };
}

function nameOf(row: Row): Pick<TagFacts, 'driver' | 'named'> {
  if (row.driver !== null && row.driver !== undefined) return { driver: row.driver as string, named: 'list' };
  const candidates =
    row.candidates === null || row.candidates === undefined ? [] : (JSON.parse(row.candidates as string) as string[]);
  return candidates.length === 0 ? { driver: null, named: null } : { driver: candidates[0]!, named: 'code' };
}

/** Tags from `pool_tag` rows, those that hold most first. */
export function tagFacts(rows: Iterable<Row>): TagFacts[] {
  const tags = Array.from(rows, (row) => {
    const [nonpaged, paged] = [counts(row, 'nonpaged'), counts(row, 'paged')];
    return {
      tag: row.tag as string,
      key: row.key as number,
      nonpaged,
      paged,
      allocs: nonpaged.allocs + paged.allocs,
      frees: nonpaged.frees + paged.frees,
      outstanding: nonpaged.outstanding + paged.outstanding,
      bytes: nonpaged.bytes + paged.bytes,
      ...nameOf(row),
      description: (row.description ?? null) as string | null,
      complete: row.complete === true,
      consistency: (row.consistency ?? 'consistent') as string,
      place: (row.place ?? 'table') as string,
    };
  });
  tags.sort((a, b) =>
    a.bytes === b.bytes ? (a.tag < b.tag ? -1 : a.tag > b.tag ? 1 : 0) : a.bytes < b.bytes ? 1 : -1,
  );
  return tags.map((tag, row) => ({ ...tag, row }));
}

/** Those whose counts are certain. */
export function wholeTags(tags: readonly TagFacts[]): TagFacts[] {
  return tags.filter(({ complete }) => complete);
}

/** The sum of a count over tags. */
export function sumOf(tags: readonly TagFacts[], count: (tag: TagFacts) => bigint): bigint {
  return tags.reduce((sum, tag) => sum + count(tag), 0n);
}

/** Whether any page may be another than memory had, so that nothing that was read of it is certain. */
export function isAllInDoubt({ doubts = [] }: ImageColumns): boolean {
  return (doubts ?? []).some(({ code }) => code === DOUBTFUL);
}

/** Whether tags may be missing altogether: what speaks against the expansion table concerns such that are not listed. */
export function lacksTags({ doubts = [] }: ImageColumns): boolean {
  return (doubts ?? []).some(({ table }) => table === 'expansion');
}

/** Counts that no running kernel has: below zero. */
export function isBelowZero({ nonpaged, paged }: TagFacts): boolean {
  return [nonpaged, paged].some(({ outstanding, bytes }) => outstanding < 0n || bytes < 0n);
}
