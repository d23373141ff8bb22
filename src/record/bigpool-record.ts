import { column, IDENTITY_COLUMNS, KERNEL_COLUMNS, TAG_COLUMNS, type RecordType } from './schema/record-type.js';

/** One record per allocation of a page or more. */
export const BIGPOOL: RecordType = {
  name: 'bigpool',
  description: 'Allocations of a page or more, as the kernel lists them in PoolBigPageTable.',
  columns: [
    ...IDENTITY_COLUMNS,
    ...KERNEL_COLUMNS,
    column('address', 'string', 'Virtual address of the allocation, hexadecimal.'),
    ...TAG_COLUMNS,
    column('bytes', 'int64', 'Bytes of the allocation.'),
    column('pool_type', 'uint32', 'POOL_TYPE of the allocation: bit 0 paged, bit 9 not executable.'),
    column('free', 'bool', 'Whether it has been freed: the entry stays until another allocation takes it.'),
  ],
};
