/** The logs that let engines read a dataset as tables. */
export { TableLog } from './table-log.js';
export { rebuildTables, tableStates, type TableState, vacuumTables } from './maintain.js';
