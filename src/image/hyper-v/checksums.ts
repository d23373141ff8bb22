import { hex } from '../../address.js';
import { crc32 } from '../../codec/crc32.js';
import type { Warning } from '../../errors.js';

/** Object tables have had right checksums since this version of the format. */
const CHECKED_SINCE = 0x0301;

/**
 * The checksums of a Hyper-V storage file: CRC-32 (ISO 3309) of a structure in which their own field is zeros, as
 * OpenVMM's FORMAT.md says. What is changed is still used, and puts all of memory in doubt.
 */
export class StorageChecksums {
  private wrong = 0;
  private first = '';

  /** @param version of the format, from the file's header */
  constructor(private readonly version: number) {}

  /**
   * @param bytes the structure, and no more than its checksum is of
   * @param at its field for the checksum
   * @param offset of the structure in the file
   */
  check(bytes: Buffer, at: number, what: string, offset: number): void {
    if (this.version < CHECKED_SINCE || bytes.length < at + 4) return;
    const zeros = Buffer.alloc(4);
    const crc = crc32(bytes.subarray(at + 4), crc32(zeros, crc32(bytes.subarray(0, at))));
    if (crc === bytes.readUInt32LE(at)) return;
    if (this.wrong++ === 0) this.first = `${what} at file offset ${hex(offset)}`;
  }

  get warnings(): Warning[] {
    if (this.wrong === 0) return [];
    const message = `${this.wrong} checksums of its tables are wrong, the first that of ${this.first}: bytes of them were changed`;
    return [{ code: 'image-damaged', message }];
  }
}
