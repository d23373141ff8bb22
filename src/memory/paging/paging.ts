/** The door of page tables: what a translation is, the kinds of tables, and the contract that each fulfils. */
export {
  type Mapping,
  type MissingPage,
  type MissingReason,
  type PagingLevel,
  type Translation,
  describeMissing,
  isMapped,
} from './translation.js';
export { type PageTable, type PageWords, type Paging, type PagingName, PAGING_NAMES } from './page-table.js';
export { PAGINGS } from './pagings.js';
