import type { DecodedImage } from '../../scan/scan-result.js';
import type { Value } from '../../record/schema/record-type.js';

const LOCATED: Readonly<Record<string, string>> = {
  'known-build': 'by the built-in list of kernel builds',
  symbols: 'by the symbol file',
  kdbg: 'by the kernel debugger block',
  structure: 'by their structure',
  carve: 'by carving',
};

/**
 * One line that says what was found:
 *
 *     Windows 10.0.19041.1466, kernel ntkrnlmp.pdb 7338…-1 at 0xfffff802c5600000; tables located by the built-in list of
 *     kernel builds; 100.0 % of the keys obey the hash law; 8 processors summed; 0 pages missing; 4.2 of 8192.0 MiB read
 */
export function foundLine({ image, facts }: DecodedImage): string {
  const kernel =
    image.kernel_base === null || image.kernel_base === undefined
      ? facts.kernelGuid === null
        ? 'kernel unknown'
        : `kernel ${facts.kernelGuid}`
      : `kernel ${String(image.pdb_name ?? 'without a PDB record')} ${facts.kernelGuid === null ? '' : `${facts.kernelGuid}-${String(image.pdb_age)} `}at ${String(image.kernel_base)}`;
  return [
    `Windows ${facts.windowsVersion ?? '(version unknown)'}, ${kernel}`,
    `tables located ${LOCATED[facts.locatedBy ?? ''] ?? 'not at all'}`,
    `${(Number(image.hash_law_share) * 100).toFixed(1)} % of the keys obey the hash law`,
    `${String(image.processors_seen)} processors summed`,
    `${String(image.pages_missing)} pages missing`,
    `${mebibytes(image.bytes_read)}${image.image_bytes == null ? '' : ` of ${mebibytes(image.image_bytes)}`} MiB read`,
  ].join('; ');
}

function mebibytes(bytes: Value | undefined): string {
  return (Number(bytes) / 2 ** 20).toFixed(1);
}
