import { messageOf, PoolTrackerError } from '../errors.js';
import { LabelTable, type Labels } from './images/labels.js';

/** Where labels come from: of several that name one label, the later kind holds. */
export interface LabelSources {
  /** For every image. */
  readonly fixed: Labels;
  /** Patterns for the path; each named group is a label. */
  readonly patterns: readonly string[];
  /** A file of labels by path. */
  readonly file?: string;
}

/** Gives each image its labels. */
export class LabelRules {
  private constructor(private readonly fixed: Labels, private readonly patterns: readonly RegExp[], private readonly table: LabelTable | null) {}

  /** @throws PoolTrackerError USAGE */
  static async load({ fixed, patterns, file }: LabelSources): Promise<LabelRules> {
    return new LabelRules(fixed, patterns.map(labelPattern), file === undefined ? null : await LabelTable.read(file));
  }

  /**
   * @param location as it was named; patterns see it with `/` between its parts
   * @param source its full path
   */
  labelsOf(location: string, source: string): Labels {
    const path = location.replaceAll('\\', '/');
    const groups = this.patterns.flatMap((pattern) => Object.entries(pattern.exec(path)?.groups ?? {}));
    return { ...this.fixed, ...Object.fromEntries(groups.filter(([, value]) => value !== undefined && value !== '')), ...this.table?.labelsOf(location, source) };
  }
}

function labelPattern(text: string): RegExp {
  try {
    const pattern = new RegExp(text, 'u');
    if (!/\(\?<[^=!]/.test(text)) throw new Error('it has no named group');
    return pattern;
  } catch (error) {
    throw new PoolTrackerError('USAGE', `--label-from '${text}': ${messageOf(error)}`, { cause: error, hint: "try --label-from '/(?<host>[^/]+)/[^/]+$'" });
  }
}
