/** Undoes a filter in pieces that come one behind another. */
export interface Filter {
  /** @returns what of the bytes so far is done; the last few may have to wait for what follows them */
  push(bytes: Uint8Array): Buffer;
  /** The bytes that were still waiting: what ends there is no instruction. */
  end(): Buffer;
}

/** Bytes were stored as differences from those `distance` before. */
export function deltaFilter(distance: number): Filter {
  const history = new Uint8Array(distance);
  let at = 0;
  return {
    push(bytes) {
      const out = Buffer.allocUnsafe(bytes.length);
      for (let index = 0; index < bytes.length; index++) {
        const value = (bytes[index]! + history[at]!) & 0xff;
        out[index] = history[at] = value;
        if (++at === distance) at = 0;
      }
      return out;
    },
    end: () => Buffer.alloc(0),
  };
}

/**
 * Makes targets of branches relative again, in place.
 * @param position of the first byte in the code
 * @returns how many bytes are done
 */
type Convert = (bytes: Buffer, position: number) => number;

/** Filters of branches by their numbers (xz-file-format.txt, 5.3.2), each as xz writes it. */
export const BRANCH_FILTERS: Readonly<Record<number, () => Convert>> = {
  4: x86,
  5: () =>
    everyWord(4, (bytes, at, position) => {
      const word = bytes.readUInt32BE(at);
      if ((word & 0xfc000003) >>> 0 !== 0x48000001) return;
      bytes.writeUInt32BE((0x48000001 | (((word & 0x03fffffc) - position) & 0x03fffffc)) >>> 0, at);
    }),
  7: () =>
    everyWord(4, (bytes, at, position) => {
      if (bytes[at + 3] !== 0xeb) return;
      bytes.writeUIntLE((bytes.readUIntLE(at, 3) - ((position + 8) >>> 2)) & 0xffffff, at, 3);
    }),
  8: armThumb,
  9: () =>
    everyWord(4, (bytes, at, position) => {
      const word = bytes.readUInt32BE(at);
      if (word >>> 22 !== 0x100 && word >>> 22 !== 0x1ff) return;
      const target = ((word << 2) - position) >>> 2;
      bytes.writeUInt32BE(((0x40000000 - (target & 0x400000)) | 0x40000000 | (target & 0x3fffff)) >>> 0, at);
    }),
  10: () => everyWord(4, arm64),
};

/** @param position of the first byte, as the filter's properties say */
export function branchFilter(convert: Convert, position: number): Filter {
  let waiting = Buffer.alloc(0);
  let at = position;
  return {
    push(bytes) {
      const all = Buffer.concat([waiting, bytes]);
      const done = convert(all, at);
      at = (at + done) >>> 0;
      waiting = all.subarray(done);
      return all.subarray(0, done);
    },
    end: () => waiting,
  };
}

function everyWord(size: number, convert: (bytes: Buffer, at: number, position: number) => void): Convert {
  return (bytes, position) => {
    let at = 0;
    for (; at + size <= bytes.length; at += size) convert(bytes, at, (position + at) >>> 0);
    return at;
  };
}

function armThumb(): Convert {
  return (bytes, position) => {
    let at = 0;
    for (; at + 4 <= bytes.length; at += 2) {
      const [high, low] = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)];
      if ((high & 0xf800) !== 0xf000 || (low & 0xf800) !== 0xf800) continue;
      const target = ((((high & 0x7ff) << 11) | (low & 0x7ff)) - ((position + at + 4) >>> 1)) & 0x3fffff;
      bytes.writeUInt16LE(0xf000 | (target >> 11), at);
      bytes.writeUInt16LE(0xf800 | (target & 0x7ff), at + 2);
      at += 2;
    }
    return at;
  };
}

/** BL by words, ADRP by pages of 4 KiB. */
function arm64(bytes: Buffer, at: number, position: number): void {
  const word = bytes.readUInt32LE(at);
  if (word >>> 26 === 0x25) {
    bytes.writeUInt32LE((0x94000000 | ((word - (position >>> 2)) & 0x03ffffff)) >>> 0, at);
  } else if ((word & 0x9f000000) >>> 0 === 0x90000000) {
    const target = ((word >>> 29) & 3) | ((word >>> 3) & 0x1ffffc);
    if (((target + 0x020000) & 0x1c0000) !== 0) return;
    const page = target - (position >>> 12);
    const sign = -(page & 0x020000) & 0xe00000;
    bytes.writeUInt32LE(((word & 0x9000001f) | ((page & 3) << 29) | ((page & 0x03fffc) << 3) | sign) >>> 0, at);
  }
}

/** Which bytes before an opcode look like one, and what that says: whether it may be one, and where to look for a sign. */
const MAY_BE_BRANCH = [true, true, true, false, true, false, false, false];
const SIGN_BYTE = [0, 1, 2, 2, 3, 3, 3, 3];

const isSign = (byte: number): boolean => byte === 0 || byte === 0xff;

/** CALL and JMP, whose four bytes behind the opcode are a distance of less than 16 MiB. */
function x86(): Convert {
  let mask = 0;
  return (bytes, position) => {
    const end = bytes.length - 4;
    if (end <= 0) return 0;
    let last = -1;
    let at = 0;
    for (; at < end; at++) {
      if ((bytes[at]! & 0xfe) !== 0xe8) continue;
      const gap = at - last;
      last = at;
      mask = gap > 3 ? 0 : (mask << (gap - 1)) & 7;
      const isHidden = mask !== 0 && (!MAY_BE_BRANCH[mask]! || isSign(bytes[at + 4 - SIGN_BYTE[mask]!]!));
      if (isHidden || !isSign(bytes[at + 4]!)) {
        mask = (mask << 1) | 1;
        continue;
      }
      let target = bytes.readInt32LE(at + 1);
      for (;;) {
        target = (target - (position + at + 5)) | 0;
        if (mask === 0) break;
        const shift = SIGN_BYTE[mask]! * 8;
        if (!isSign((target >>> (24 - shift)) & 0xff)) break;
        target ^= 2 ** (32 - shift) - 1;
      }
      bytes.writeInt32LE((target & 0x01ffffff) | -(target & 0x01000000), at + 1);
      at += 4;
    }
    const gap = at - last;
    mask = gap > 3 ? 0 : mask << (gap - 1);
    return at;
  };
}
