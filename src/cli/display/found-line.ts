import { hex } from '../../address.js';
import type { LocatedBy } from '../../pool/table/memory-page.js';
import type { DecodedScan, KernelFacts } from '../../scan/scan-result.js';

const LOCATED: Readonly<Record<LocatedBy, string>> = {
  'known-build': 'by the built-in list of kernel builds',
  symbols: 'by the symbol file',
  kdbg: 'by the kernel debugger block',
  structure: 'by their structure',
  carve: 'by carving',
};

/**
 * A one-line summary of the findings:
 *
 *     Windows 10.0.19041.1466, kernel ntkrnlmp.pdb 7338…-1 at 0xfffff802c5600000; tables located by the built-in list of
 *     kernel builds; 100.0 % of the keys obey the hash law; 8 processors summed; 0 pages missing; 4.2 of 8192.0 MiB read
 */
export function foundLine({ container, kernel, tables, bytesRead }: DecodedScan): string {
  return [
    `Windows ${kernel.version ?? '(version unknown)'}, ${kernelText(kernel)}`,
    `tables located ${LOCATED[tables.locatedBy]}`,
    `${(tables.hashLawShare * 100).toFixed(1)} % of the keys obey the hash law`,
    `${tables.processorsSeen} processors summed`,
    `${tables.pagesMissing} pages missing`,
    readText(bytesRead, container?.byteLength ?? null),
  ].join('; ');
}

/** Pages that are read again are bytes read again: there can be more of them than the image has. */
function readText(bytesRead: number, byteLength: number | null): string {
  if (byteLength === null) return `${mebibytes(bytesRead)} MiB read`;
  if (bytesRead <= byteLength) return `${mebibytes(bytesRead)} of ${mebibytes(byteLength)} MiB read`;
  return `all of ${mebibytes(byteLength)} MiB read, parts of it more than once`;
}

function kernelText({ location, pdb }: KernelFacts): string {
  if (location === null) return pdb === null ? 'kernel unknown' : `kernel ${pdb.guid}`;
  const identity = pdb === null ? 'without a PDB record' : `${pdb.name} ${pdb.guid}-${pdb.age}`;
  return `kernel ${identity} at ${hex(location.base)}`;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
