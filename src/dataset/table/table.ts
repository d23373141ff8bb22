/** The logs that let engines read a dataset as tables. */
export { TableLog } from './table-log.js';
export { rebuildTables, tableSummaries, type TableSummary, vacuumTables } from './maintain.js';
