/**
 * A test of a driver: ends with 1 when tags of it hold more after than before.
 * Usage: node samples/library/driver-test.mjs BEFORE AFTER PATTERN...
 */
import { diff } from 'pool-tracker';

const [before, after, ...tags] = process.argv.slice(2);
const { rows, sense } = await diff(before, after, { by: 'outstanding', tags });
// Two captures of different starts say nothing about a leak.
for (const { message } of sense.warnings) console.error(message);
const grown = rows.filter((row) => row.outstanding_change > 0n);
for (const row of grown)
  console.log(`${row.tag} +${row.outstanding_change} allocations, ${row.bytes_change} bytes more`);
process.exitCode = grown.length > 0 ? 1 : 0;
