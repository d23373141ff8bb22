import type { PoolTrackerError } from '../../errors.js';
import { Container } from '../reading/container.js';
import { PartSource } from '../reading/part-source.js';
import { readBytes } from '../source.js';
import type { Wrapper } from './wrapper.js';

/** libvirt's qemu_saveimage.h: 92 bytes, then the domain's XML, then what QEMU wrote, compressed or not. */
const HEADER = 92;
const SAVED = 'LibvirtQemudSave';
const PARTIAL = 'LibvirtQemudPart';
const VERSION = 2;
const LENGTH_AT = 20;
/** The descriptions of domains are texts of some kilobytes. */
const MAX_XML = 64 << 20;

/** Where the state begins behind a header. @throws whatever `refuse` and `damaged` make */
function stateOffset(
  header: Buffer,
  refuse: (why: string, hint: string) => PoolTrackerError,
  damaged: (problem: string) => PoolTrackerError,
): number {
  if (header.toString('latin1', 0, 16) === PARTIAL)
    throw refuse('it was not written to its end (LibvirtQemudPart)', 'save the machine again: virsh save');
  // Numbers are in the byte order of the host.
  const isSwapped = header.readUInt32LE(16) > 0xffff;
  const word = (at: number): number => (isSwapped ? header.readUInt32BE(at) : header.readUInt32LE(at));
  if (word(16) > VERSION)
    throw refuse(`its version is ${word(16)}; up to ${VERSION} is known`, 'use virsh dump --memory-only');
  // The compression, at 28, is not looked at: what it is shows by its own magic.
  if (word(LENGTH_AT) > MAX_XML) throw damaged(`the description of its domain has ${word(LENGTH_AT)} bytes`);
  return HEADER + word(LENGTH_AT);
}

/** A machine's state as `virsh save` and managed saves write it, around QEMU's own. */
export const libvirtSave: Wrapper = {
  name: 'libvirt-save',
  title: 'libvirt save file',
  claims: (head) => [SAVED, PARTIAL].includes(Buffer.from(head.subarray(0, 16)).toString('latin1')),
  async *unwrap(input) {
    const header = await input.take(HEADER, 'the header');
    const start = stateOffset(
      header,
      (why, hint) => input.refused(why, hint),
      (problem) => input.damaged(problem),
    );
    await input.skip(start - HEADER);
    for (let piece = await input.next(1 << 20); piece !== null; piece = await input.next(1 << 20)) yield piece;
  },
  async openIndexed(source) {
    const header = await readBytes(source, 0, HEADER);
    const container = new Container(source, libvirtSave.title);
    if (header.length < HEADER) throw container.damaged(`it has ${header.length} bytes; its header takes ${HEADER}`);
    const start = stateOffset(
      header,
      (why, hint) => container.refused(why, hint),
      (problem) => container.damaged(problem),
    );
    if (start >= source.byteLength) throw container.damaged('it ends before the state of the machine');
    return new PartSource(source, start, source.byteLength - start);
  },
};
