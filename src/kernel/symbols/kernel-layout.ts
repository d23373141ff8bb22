import { virtualAddress, type VirtualAddress } from '../../address.js';
import { buildFamily, familyStructures } from './known-builds.js';
import { findDebuggerDataBlock } from './debugger-data-block.js';
import type { Kernel } from '../root/root.js';
import {
  debuggerName,
  type FieldOffsets,
  type KernelSymbols,
  type KernelVariable,
  type StructureName,
} from './kernel-symbols.js';

/** Where a kernel's variables lie and how its structures are laid out, as far as that is known for its build. */
export class KernelLayout {
  constructor(
    private readonly variables: Readonly<Partial<Record<KernelVariable, VirtualAddress>>>,
    private readonly structures: Readonly<Partial<Record<StructureName, FieldOffsets>>>,
  ) {}

  /** A variable's address, or why it is not available. */
  address(variable: KernelVariable): VirtualAddress | string {
    return this.variables[variable] ?? `not available for this build: the address of ${variable} is not known`;
  }

  /** The offsets of some fields (`size` is the structure's own), or why they are not available. */
  fields<Field extends string>(
    structure: StructureName,
    ...fields: readonly Field[]
  ): Readonly<Record<Field, number>> | string {
    const known = this.structures[structure] ?? {};
    const missing = fields.find((field) => known[field] === undefined);
    if (missing === undefined) return known as Readonly<Record<Field, number>>;
    return `not available for this build: the offset of ${debuggerName(structure)}.${missing} is not known`;
  }

  /** A field that a build may lack. */
  field(structure: StructureName, field: string): number | undefined {
    return this.structures[structure]?.[field];
  }
}

/**
 * The layout by the symbols of the build. Without symbols, the structures of the build's family (x64 alone: those of
 * other processors are laid out otherwise), and the variables that a readable debugger data block names.
 */
export async function kernelLayout(kernel: Kernel, symbols: KernelSymbols | null): Promise<KernelLayout> {
  if (symbols !== null) {
    const variables = Object.entries(symbols.rva).map(([name, rva]) => [
      name,
      virtualAddress(kernel.image.base + BigInt(rva)),
    ]);
    return new KernelLayout(Object.fromEntries(variables), symbols.structures);
  }
  const { majorVersion, minorVersion, build } = kernel.sharedData;
  const block = await findDebuggerDataBlock(kernel.memory, kernel.image, null);
  return new KernelLayout(
    typeof block === 'string'
      ? {}
      : {
          PsActiveProcessHead: block.psActiveProcessHead,
          PspCidTable: block.pspCidTable,
          PsLoadedModuleList: block.psLoadedModuleList,
        },
    kernel.memory.pageTable.paging.architecture === 'x64'
      ? await familyStructures(buildFamily(`${majorVersion}.${minorVersion}.${baseBuild(build)}`))
      : {},
  );
}

/** KUSER_SHARED_DATA names the release; 19042 to 19045 run the kernel of 19041, and 18363 that of 18362. */
function baseBuild(build: number): number {
  if (build > 19041 && build <= 19045) return 19041;
  return build === 18363 ? 18362 : build;
}
