import type { StateComplaints, StateReader } from './state-reader.js';

const CONFIGURATION = 0x07;
const SUBSECTION = 0x05;

const MAX_NAME_LENGTH = 256;
const MAX_CAPABILITIES = 256;

/** The contents of each subsection of QEMU's vmstate_configuration, by name. */
const SUBSECTIONS: Readonly<Record<string, (reader: StateReader, complaints: StateComplaints) => Promise<void>>> = {
  'configuration/target-page-bits': async (reader) => void (await reader.u32()),
  'configuration/uuid': async (reader) => void (await reader.skip(16)),
  async 'configuration/capabilities'(reader, complaints) {
    const count = await reader.u32();
    if (count > MAX_CAPABILITIES) throw complaints.damaged(`its configuration lists ${count} capabilities`);
    for (let index = 0; index < count; index++) await reader.text();
  },
};

/**
 * Reads the configuration section, if there is one.
 * @returns the machine type, such as `pc-q35-7.2`; empty when it is not given
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export async function readMachineName(reader: StateReader, complaints: StateComplaints): Promise<string> {
  if (!(await reader.takes(CONFIGURATION))) return '';
  const length = await reader.u32();
  if (length > MAX_NAME_LENGTH) throw complaints.damaged(`its machine type has a name of ${length} bytes`);
  const name = (await reader.take(length)).toString('latin1');
  for (;;) {
    if (!(await reader.takes(SUBSECTION))) return name;
    const subsection = await reader.text();
    await reader.u32();
    const read = Object.hasOwn(SUBSECTIONS, subsection) ? SUBSECTIONS[subsection] : undefined;
    if (read === undefined)
      throw complaints.damaged(`its configuration has a subsection '${subsection}', which is not known`);
    await read(reader, complaints);
  }
}
