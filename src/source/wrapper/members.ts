import { PoolTrackerError } from '../../errors.js';

/** A file in an archive. */
export interface ArchiveMember {
  readonly name: string;
  readonly size: number;
}

/** Endings that memory images have; of containers, the part that holds the memory. */
const IMAGE_NAME =
  /\.(raw|mem|img|bin|dd|dmp|vmem|lime|elf|core|mdump|winmem|avml|crash|aff4|e01|hpak|vmrs|save|state|raw\.\d{3}|\d{3})(\.(gz|zst|xz|bz2|lz4))?$|(^|\/)(hiberfil\.sys|memory\.dmp|memory)$/i;

/** What is smaller than this beside an image is notes, logs, hashes. */
const MIN_IMAGE = 64 << 10;

/** How many names a message lists. */
const LISTED = 5;

/** The images among an archive's files: those named as one, else those that are not too small to be one. */
export function imagesAmong<Member extends ArchiveMember>(members: readonly Member[]): Member[] {
  const large = members.filter(({ size }) => size >= MIN_IMAGE);
  const named = large.filter(({ name }) => IMAGE_NAME.test(name));
  return named.length > 0 ? named : large;
}

/**
 * The only image in an archive.
 * @param label the archive, for messages
 * @throws PoolTrackerError NOT_AN_IMAGE where there is none; from `refuse`, with the names, where there are several
 */
export function onlyImage<Member extends ArchiveMember>(
  members: readonly Member[],
  label: string,
  refuse: (why: string, hint: string) => PoolTrackerError,
): Member {
  if (members.length === 1) return members[0]!;
  const [only, ...more] = imagesAmong(members);
  if (only === undefined) throw noImageIn(label);
  if (more.length > 0) throw severalImages([only, ...more], refuse);
  return only;
}

export function noImageIn(label: string): PoolTrackerError {
  return new PoolTrackerError('NOT_AN_IMAGE', `${label} holds no file that can be a memory image`, {
    hint: 'unpack it and name the image',
  });
}

export function severalImages(
  members: readonly ArchiveMember[],
  refuse: (why: string, hint: string) => PoolTrackerError,
): PoolTrackerError {
  const listed = members.slice(0, LISTED).map(({ name }) => JSON.stringify(name));
  const rest = members.length > LISTED ? ` and ${members.length - LISTED} more` : '';
  return refuse(
    `it holds ${members.length} files that can be images: ${listed.join(', ')}${rest}`,
    'unpack it and name the image; an archive of one image is read as it is',
  );
}
