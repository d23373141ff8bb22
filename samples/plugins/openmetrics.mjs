/**
 * An output format: pool tags as OpenMetrics text, for Prometheus and what reads its files.
 *
 * pool-tracker scan memory.raw -o tags.prom --plugin samples/plugins/openmetrics.mjs
 */
const GAUGES = [
  ['pool_tag_bytes', 'Bytes in use', 'bytes'],
  ['pool_tag_allocations', 'Allocations in use', 'outstanding'],
];
const POOLS = ['nonpaged', 'paged'];
/** Bytes of text that are put together before they are given on. */
const PIECE = 1 << 16;

function quoted(value) {
  return `"${String(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function labelsOf(row, pool) {
  const labels = { image: row.image_path, host: row.host, tag: row.tag, pool, complete: row.complete };
  const given = Object.entries(labels).filter(([, value]) => value !== null && value !== undefined);
  return given.map(([name, value]) => `${name}=${quoted(value)}`).join(',');
}

/** All of a metric has to stand together, so the second one waits for the end. */
async function* encode(batches, recordType) {
  if (recordType.name !== 'pool_tag') {
    const message = `OpenMetrics is written of pool_tag records, not of ${recordType.name}`;
    throw Object.assign(new Error(message), { code: 'USAGE', hint: 'choose another format for these' });
  }
  const [first, ...others] = GAUGES.map(([name, help, column]) => ({
    column,
    name,
    lines: [`# TYPE ${name} gauge`, `# HELP ${name} ${help}.`],
  }));
  for await (const batch of batches) {
    for (const row of batch) {
      for (const pool of POOLS) {
        const labels = labelsOf(row, pool);
        // Counts are bigints: printed whole, never rounded.
        for (const { name, column, lines } of [first, ...others])
          lines.push(`${name}{${labels}} ${row[`${pool}_${column}`]}`);
      }
    }
    if (first.lines.length > PIECE / 64) yield Buffer.from(first.lines.splice(0).join('\n') + '\n');
  }
  for (const { lines } of [first, ...others]) if (lines.length > 0) yield Buffer.from(lines.join('\n') + '\n');
  yield Buffer.from('# EOF\n');
}

const openMetrics = { name: 'openmetrics', extensions: ['.prom', '.openmetrics'], load: async () => encode };

export default { apiVersion: 1, name: 'openmetrics', sinks: [openMetrics] };
