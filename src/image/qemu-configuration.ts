import type { Container } from '../source/reading/container.js';
import type { StreamReader } from './stream-reader.js';

const CONFIGURATION = 0x07;
const SUBSECTION = 0x05;

const LONGEST_NAME = 256;
const MOST_CAPABILITIES = 256;

/** What follows the name of each subsection of QEMU's vmstate_configuration. */
const SUBSECTIONS: Readonly<Record<string, (reader: StreamReader, container: Container) => Promise<void>>> = {
  'configuration/target-page-bits': async (reader) => void (await reader.u32()),
  'configuration/uuid': (reader) => Promise.resolve(reader.skip(16)),
  async 'configuration/capabilities'(reader, container) {
    const count = await reader.u32();
    if (count > MOST_CAPABILITIES) throw container.damaged(`its configuration lists ${count} capabilities`);
    for (let index = 0; index < count; index++) await reader.text();
  },
};

/**
 * Reads the configuration section, where there is one.
 * @returns the machine type, such as `pc-q35-7.2`; empty when it is not told
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export async function readMachineName(reader: StreamReader, container: Container): Promise<string> {
  const start = reader.offset;
  if ((await reader.u8()) !== CONFIGURATION) {
    reader.offset = start;
    return '';
  }
  const length = await reader.u32();
  if (length > LONGEST_NAME) throw container.damaged(`its machine type has a name of ${length} bytes`);
  const name = (await reader.take(length)).toString('latin1');
  for (;;) {
    const at = reader.offset;
    if ((await reader.u8()) !== SUBSECTION) {
      reader.offset = at;
      return name;
    }
    const subsection = await reader.text();
    await reader.u32();
    const read = Object.hasOwn(SUBSECTIONS, subsection) ? SUBSECTIONS[subsection] : undefined;
    if (read === undefined) throw container.damaged(`its configuration has a subsection '${subsection}', which is not known`);
    await read(reader, container);
  }
}
