import type { Bound } from '../file-statistics.js';
import type { IcebergType } from './schema.js';

/*
 * Iceberg's binary form of single values, in bounds of columns and of partitions. Source: the Iceberg table spec,
 * appendix D (binary single-value serialization).
 */

export const DAY_MS = 86_400_000;

/**
 * @param value texts as they are; times in milliseconds since 1970 UTC; dates in days since 1970
 */
export function singleValue(value: Bound, type: IcebergType): Buffer {
  switch (type) {
    case 'string':
      return Buffer.from(String(value));
    case 'boolean':
      return Buffer.from([Number(value)]);
    case 'int':
    case 'date': {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32LE(Number(value));
      return bytes;
    }
    case 'double': {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(Number(value));
      return bytes;
    }
    case 'long':
    case 'timestamptz': {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(BigInt(value) * (type === 'timestamptz' ? 1000n : 1n));
      return bytes;
    }
  }
}

/** `2024-03-01` as days since 1970; null for what is no day. */
export function dayOf(text: string): number | null {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  return Number.isNaN(time) ? null : time / DAY_MS;
}
