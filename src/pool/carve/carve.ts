/** The door of carving: everything that the rest of the program needs of it. */
export { carveReport, type CarveReport } from './carve-report.js';
export { processorTagsOf, sumCarved, type CarvedSums, type CarvedSystem } from './carved-sums.js';
export { carveTables, type CarvedTables } from './carved-tables.js';
export { PageCarver, signsOf, type PassCounts } from './page-carver.js';
export { ScanCrew } from './scan-crew.js';
