/** The public interface of carving for the rest of the program. */
export { carveReport, type CarveReport } from './carve-report.js';
export { processorTagsOf, sumCarved, type CarvedSums, type CarvedSystem } from './carved-sums.js';
export { carveTables, type CarvedTables } from './carved-tables.js';
export { PageCarver, signsOf, type PassCounts } from './page-carver.js';
export { ScanCrew } from './scan-crew.js';
