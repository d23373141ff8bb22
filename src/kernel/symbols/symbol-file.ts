import { messageOf } from '../../errors.js';
import { openSource } from '../../source/open-source.js';
import type { LocationOptions } from '../../source/source-scheme.js';
import { readBytes, type Source, sourceOf } from '../../source/source.js';
import type { PdbIdentity } from '../pe.js';
import { CabinetDamage, isCabinet, unpackCabinet } from './cabinet.js';
import { isExported, pdbOfExported, resolveExported } from './exported-symbols.js';
import { pdbOfDocument, resolveSymbols } from './isf.js';
import {
  type FieldOffsets,
  KERNEL_STRUCTURES,
  KERNEL_VARIABLES,
  type KernelSymbols,
  type KernelVariable,
  type StructureName,
} from './kernel-symbols.js';
import { guarded, isMsf, MSF_HEAD, PdbFile } from './pdb/pdb.js';
import { isRekallProfile, pdbOfProfile, resolveProfile } from './rekall.js';
import { openSymbolDocument, type SymbolDocument } from './symbol-document.js';
import { damagedSymbolFile, kernelSymbols } from './symbol-facts.js';

/** A symbol file that was opened. */
export interface SymbolFile {
  /** Which PDB it is, or was made from; null when it does not say. */
  readonly identity: PdbIdentity | null;
  /** @throws PoolTrackerError SYMBOL_FILE_DAMAGED when it lacks what is needed */
  resolve(): Promise<KernelSymbols>;
  close(): Promise<void>;
}

/** A kind of JSON document that holds symbols. To add one: a file, and an entry in the list below. */
interface DocumentKind {
  claims(document: SymbolDocument): Promise<boolean>;
  identity(document: SymbolDocument): Promise<PdbIdentity | null>;
  resolve(document: SymbolDocument, path: string): Promise<KernelSymbols>;
}

const DOCUMENT_KINDS: readonly DocumentKind[] = [
  { claims: isExported, identity: pdbOfExported, resolve: resolveExported },
  { claims: isRekallProfile, identity: pdbOfProfile, resolve: resolveProfile },
  { claims: () => Promise.resolve(true), identity: pdbOfDocument, resolve: resolveSymbols },
];

/** Names of files that may hold symbols. */
export const SYMBOL_FILE = /\.(pdb|pd_|json(\.xz|\.gz)?|gz)$/i;

/**
 * Opens a symbol file of any kind; its content tells which: a PDB, plain or in a cabinet, or a JSON document (ISF, Rekall
 * profile, what was exported), compressed or not.
 * @param options how far the path may lead, through links
 * @throws PoolTrackerError SYMBOL_FILE_DAMAGED
 */
export async function openSymbolFile(path: string, options: LocationOptions = {}): Promise<SymbolFile> {
  const source = await openSource(path, options).catch((error: unknown) => {
    throw damagedSymbolFile(path, messageOf(error), error);
  });
  try {
    const head = await readBytes(source, 0, MSF_HEAD);
    if (isMsf(head)) return await openPdb(source, path);
    if (isCabinet(head)) {
      const unpacked = await unpackCabinet(source).catch((error: unknown) => {
        throw error instanceof CabinetDamage ? damagedSymbolFile(path, error.message) : error;
      });
      await source.close();
      return await openPdb(sourceOf(path.replace(/_$/, 'b'), unpacked), path);
    }
  } catch (error) {
    await source.close();
    throw error;
  }
  await source.close();
  return openDocument(path, options);
}

async function openDocument(path: string, options: LocationOptions): Promise<SymbolFile> {
  const document = await openSymbolDocument(path, undefined, options.within);
  for (const kind of DOCUMENT_KINDS) {
    if (!(await kind.claims(document))) continue;
    return {
      identity: await kind.identity(document),
      resolve: () => kind.resolve(document, path),
      close: () => Promise.resolve(),
    };
  }
  throw new Error('unreachable: the last kind takes every document');
}

async function openPdb(source: Source, path: string): Promise<SymbolFile> {
  const damaged = (why: string) => damagedSymbolFile(path, why);
  const pdb = await PdbFile.open(source, damaged);
  return {
    identity: pdb.identity,
    resolve: () => guarded(damaged, () => symbolsOf(pdb, path)),
    close: () => source.close(),
  };
}

const STRUCTURE_FIELDS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(KERNEL_STRUCTURES).map(([name, { fields }]) => [name, fields]),
);

async function symbolsOf(pdb: PdbFile, path: string): Promise<KernelSymbols> {
  const wanted = new Set<string>(KERNEL_VARIABLES);
  const rva: Partial<Record<KernelVariable, number>> = {};
  const publics = await pdb.publics();
  for (const symbol of publics) if (wanted.has(symbol.name)) rva[symbol.name as KernelVariable] = symbol.rva;
  const structures: Partial<Record<StructureName, FieldOffsets>> = {};
  for (const [name, fields] of await pdb.structures(STRUCTURE_FIELDS))
    structures[KERNEL_STRUCTURES[name]!.name] = fields;
  const addresses = publics.map((symbol) => symbol.rva);
  return kernelSymbols(path, { pointerSize: pdb.pointerSize, addresses, rva, structures });
}
