import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { messageOf } from '../../errors.js';
import { ZSTD_PIECE, zstdProblem, type ZstdDecoder, type ZstdFailure } from './zstd-frame.js';

/** A stream of Node's zlib. */
interface ZlibStream extends Transform {
  /** Bytes that were taken in. */
  readonly bytesWritten: number;
}

/** What Node's zlib has from 22.15 on; the types at hand are those of 20. */
interface ZlibWithZstd {
  createZstdDecompress(options: { readonly chunkSize: number }): ZlibStream;
}

function hasZstd(module: object): module is ZlibWithZstd {
  return 'createZstdDecompress' in module && typeof module.createZstdDecompress === 'function';
}

const ZLIB: object = zlib;

/** libzstd as Node itself has it, on a thread of Node's own; null where it has none. */
export const openZlibZstd: ((fail: ZstdFailure) => ZstdDecoder) | null = hasZstd(ZLIB)
  ? (fail) => new ZlibZstd(ZLIB.createZstdDecompress({ chunkSize: ZSTD_PIECE }), fail)
  : null;

class ZlibZstd implements ZstdDecoder {
  private given = 0;
  private failure: unknown;
  private wake = (): void => undefined;

  constructor(
    private readonly stream: ZlibStream,
    private readonly fail: ZstdFailure,
  ) {
    stream.on('readable', () => this.wake());
    stream.on('error', (error) => this.failed(error));
  }

  async *decode(piece: Uint8Array): AsyncGenerator<Uint8Array> {
    let taken = false;
    this.given += piece.length;
    this.stream.write(piece, (error) => {
      taken = true;
      if (error) this.failed(error);
      else this.wake();
    });
    for (;;) {
      if (this.failure !== undefined) throw this.fail(problemOf(this.failure), this.failure);
      const bytes = this.stream.read() as Buffer | null;
      if (bytes !== null) yield bytes;
      else if (taken) break;
      else await new Promise<void>((resolve) => (this.wake = resolve));
    }
    // Node takes what follows a frame in a piece for the end of everything, and says nothing.
    if (this.stream.bytesWritten !== this.given) throw this.fail('a frame ends before its last block');
  }

  close(): void {
    this.stream.destroy();
  }

  private failed(error: unknown): void {
    this.failure ??= error;
    this.wake();
  }
}

function problemOf(error: unknown): string {
  return error instanceof Error && 'errno' in error && typeof error.errno === 'number'
    ? zstdProblem(error.errno)
    : messageOf(error);
}
