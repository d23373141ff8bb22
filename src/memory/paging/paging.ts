export { type MissingPage, type PagingLevel, type Translation, describeMissing, isMapped } from './translation.js';
export { X64PageTable } from './x64.js';
/** The door of page tables: what a translation is, and who makes one. */
