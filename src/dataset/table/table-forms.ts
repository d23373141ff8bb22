import type { TableFormat } from '../store/dataset-settings.js';
import type { FormName, OpenForm } from './table-form.js';

/** The forms of tables, each loaded only where it is kept. */
export const TABLE_FORMS: Readonly<Record<FormName, () => Promise<OpenForm>>> = {
  delta: async () => (await import('./delta/delta.js')).openDelta,
  iceberg: async () => (await import('./iceberg/iceberg.js')).openIceberg,
};

/** The forms that a dataset's settings ask for. */
export function formsOf(table: TableFormat): readonly FormName[] {
  if (table === 'none') return [];
  return table === 'both' ? ['delta', 'iceberg'] : [table];
}
