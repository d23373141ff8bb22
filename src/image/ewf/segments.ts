import { hex } from '../../address.js';
import { fileNameOf, type Source } from '../../source/source.js';
import { adler32 } from '../../codec/zlib.js';
import { Container, type Fields } from '../../source/reading/container.js';

const SIGNATURE = '455646090d0aff00';
const FILE_HEADER = 13;
const DESCRIPTOR = 76;

/** Bytes of a section's descriptor before their checksum. */
const DESCRIBED = 72;

const MAX_SECTIONS = 1 << 16;
const MAX_SEGMENTS = 14971;

/** A section of one segment file: its type and the location of its data. */
export interface EwfSection {
  readonly type: string;
  readonly offset: number;
  readonly size: number;
}

/** A segment file of an EWF image. */
export interface EwfSegment {
  readonly container: Container;
  readonly sections: readonly EwfSection[];
  /**
   * Whether its writer kept checksums, told by the first descriptor: all known programs do, and then a checksum of 0 is
   * as wrong as another.
   */
  readonly isChecked: boolean;
}

/** Whether the first `length` bytes of a structure match the Adler-32 behind them. */
export function isIntact(fields: Fields, length: number): boolean {
  return adler32(fields.bytes.subarray(0, length)) === fields.u32(length);
}

export function isEwf(head: Buffer): boolean {
  return head.length >= FILE_HEADER && head.toString('hex', 0, 8) === SIGNATURE;
}

/** `.E01` to `.E99`, then `.EAA`, `.EAB` to `.EZZ`, `.FAA` onwards; in the letter case of the first one. */
export function segmentExtension(number: number, first: string): string {
  if (number < 100) return first + String(number).padStart(2, '0');
  const letters = number - 100;
  const base = first === 'e' ? 97 : 65;
  const place = [
    Math.floor(letters / 676) + (first.toLowerCase().charCodeAt(0) - 97),
    Math.floor(letters / 26) % 26,
    letters % 26,
  ];
  return String.fromCharCode(...place.map((letter) => base + letter));
}

/**
 * Opens the first segment and the others in its folder, up to the one that ends the image.
 * @returns the segments found, and whether the last of them ends the image
 * @throws PoolTrackerError FORMAT_DAMAGED, FORMAT_REFUSED
 */
export async function openSegments(source: Source): Promise<{ segments: EwfSegment[]; complete: boolean }> {
  const segments: EwfSegment[] = [];
  const opened: Source[] = [];
  try {
    for (let next: Source | null | undefined = source; next !== null && next !== undefined;) {
      const segment = await readSegment(next, segments.length + 1);
      segments.push(segment);
      if (segment.sections.at(-1)?.type === 'done') return { segments, complete: true };
      if (segments.length === MAX_SEGMENTS) break;
      next = await nextSegment(source, segments.length + 1);
      if (next) opened.push(next);
    }
    return { segments, complete: false };
  } catch (error) {
    await Promise.all(opened.map((segment) => segment.close()));
    throw error;
  }
}

function nextSegment(first: Source, number: number): Promise<Source | null> | undefined {
  const name = /^(.*\.)([EeLlSs])01$/.exec(fileNameOf(first));
  return name === null ? undefined : first.sibling?.(name[1]! + segmentExtension(number, name[2]!));
}

async function readSegment(source: Source, number: number): Promise<EwfSegment> {
  const container = new Container(source, 'EWF (E01) file');
  const header = await container.fields(0, FILE_HEADER, 'the header');
  if (!isEwf(header.bytes)) throw container.damaged('it does not begin with the signature of EWF');
  const found = header.u16(9);
  if (found !== number) {
    if (number === 1)
      throw container.refused(
        `it is segment ${found} of its image`,
        'name segment 1 (.E01); the others are then found',
      );
    throw container.damaged(`it is segment ${found}; expected segment ${number}`);
  }
  return { container, ...(await readSections(container)) };
}

/** Sections form a linked list; the last one, `next` or `done`, points to itself. */
async function readSections(container: Container): Promise<Pick<EwfSegment, 'sections' | 'isChecked'>> {
  const sections: EwfSection[] = [];
  let isChecked = false;
  for (let offset = FILE_HEADER; offset + DESCRIPTOR <= container.source.byteLength;) {
    if (sections.length === MAX_SECTIONS) throw container.damaged(`it has more than ${MAX_SECTIONS} sections`);
    const descriptor = await container.fields(offset, DESCRIPTOR, 'a section descriptor');
    const type = descriptor.text(0, 16);
    if (sections.length === 0) isChecked = descriptor.u32(DESCRIBED) !== 0;
    if (isChecked && !isIntact(descriptor, DESCRIBED)) {
      throw container.damaged(`the descriptor of a section at ${hex(offset)} does not match its checksum`);
    }
    const next = descriptor.size(16, "the next section's offset");
    const last = type === 'done' || type === 'next';
    if (next <= offset && !last) {
      throw container.damaged(
        `its section '${type}' at ${hex(offset)} is followed by one at ${hex(next)}; expected a later one`,
      );
    }
    const end = last ? offset + DESCRIPTOR : next;
    sections.push({ type, offset: offset + DESCRIPTOR, size: Math.max(0, end - offset - DESCRIPTOR) });
    if (last) break;
    offset = next;
  }
  return { sections, isChecked };
}
