/** `make bench`: every measurement, or those named: `npx tsx bench/main.ts walk sinks`. */
const ALL = [
  'walk',
  'sinks',
  'carve',
  'compressed',
  'false-pages',
  'containers',
  'zstd',
  'remote',
  'batch',
  'batch-memory',
  'costs',
  'dataset',
];

const named = process.argv.slice(2);
for (const name of named.length > 0 ? named : ALL) {
  const { run } = (await import(`./${name}.js`)) as { run(): Promise<void> };
  await run();
}
process.exit(0);
