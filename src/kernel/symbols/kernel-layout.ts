import { virtualAddress, type VirtualAddress } from '../../address.js';
import type { Missing } from '../../errors.js';
import type { KernelImage } from '../root/root.js';
import { debuggerName, type KernelSymbols, type KernelVariable, type StructureName } from './kernel-symbols.js';

/** Offsets of a structure's fields in bytes, each with the reason where it is not known. */
export type KnownFields = Readonly<Record<string, number | Missing>>;

/** Where a kernel's variables lie and how its structures are laid out, as far as that is known for its build. */
export class KernelLayout {
  constructor(
    private readonly variables: Readonly<Partial<Record<KernelVariable, VirtualAddress | Missing>>>,
    private readonly structures: Readonly<Partial<Record<StructureName, KnownFields>>>,
  ) {}

  /** Where nothing is known. */
  static readonly UNKNOWN = new KernelLayout({}, {});

  /** All that symbols say. */
  static ofSymbols({ base }: KernelImage, { rva, structures }: KernelSymbols): KernelLayout {
    const variables = Object.entries(rva).map(([name, at]) => [name, virtualAddress(base + BigInt(at))]);
    return new KernelLayout(Object.fromEntries(variables), structures);
  }

  /** This layout where it knows something, else another one. */
  completedBy(other: KernelLayout): KernelLayout {
    const structures: Partial<Record<StructureName, KnownFields>> = { ...other.structures };
    for (const name of Object.keys(this.structures) as StructureName[])
      structures[name] = { ...other.structures[name], ...this.structures[name] };
    return new KernelLayout({ ...other.variables, ...this.variables }, structures);
  }

  /** A variable's address, or why it is not available. */
  address(variable: KernelVariable): VirtualAddress | string {
    const known = this.variables[variable];
    if (typeof known === 'bigint') return known;
    const why = known === undefined ? '' : `: ${known.missing}`;
    return `not available for this build: the address of ${variable} is not known${why}`;
  }

  /** The offsets of some fields (`size` is the structure's own), or why they are not available. */
  fields<Field extends string>(
    structure: StructureName,
    ...fields: readonly Field[]
  ): Readonly<Record<Field, number>> | string {
    const known = this.structures[structure] ?? {};
    const missing = fields.find((field) => typeof known[field] !== 'number');
    if (missing === undefined) return known as Readonly<Record<Field, number>>;
    const reason = known[missing];
    const why = typeof reason === 'object' ? `: ${reason.missing}` : '';
    return `not available for this build: the offset of ${debuggerName(structure)}.${missing} is not known${why}`;
  }

  /** A field that a build may lack. */
  field(structure: StructureName, field: string): number | undefined {
    const known = this.structures[structure]?.[field];
    return typeof known === 'number' ? known : undefined;
  }
}
