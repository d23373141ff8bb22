import type { StateComplaints, StateReader } from './state-reader.js';

const CONFIGURATION = 0x07;
const SUBSECTION = 0x05;

const MAX_NAME_LENGTH = 256;
const MAX_CAPABILITIES = 256;

/** Pages of a PC are of 4 KiB. */
const PAGE_BITS = 12;

/** What a state says of the machine and of itself, as far as it bears on memory. */
export interface StateConfiguration {
  /** Such as `pc-q35-7.2`; empty when it is not given. */
  readonly machine: string;
  /** Those that change the form of the state; QEMU names no others. */
  readonly capabilities: ReadonlySet<string>;
}

type Read = (reader: StateReader, complaints: StateComplaints) => Promise<readonly string[]>;

/** Each subsection of QEMU's vmstate_configuration, by name; gives the capabilities that are in it. */
const SUBSECTIONS: Readonly<Record<string, Read>> = {
  async 'configuration/target-page-bits'(reader, complaints) {
    const bits = await reader.u32();
    if (bits === PAGE_BITS) return [];
    throw complaints.refused(
      `its pages have 2^${bits} bytes; those of 2^${PAGE_BITS} are read`,
      'only PC machines can be read',
    );
  },
  async 'configuration/uuid'(reader) {
    await reader.skip(16);
    return [];
  },
  async 'configuration/capabilities'(reader, complaints) {
    const count = await reader.u32();
    if (count > MAX_CAPABILITIES) throw complaints.damaged(`its configuration lists ${count} capabilities`);
    const names: string[] = [];
    for (let index = 0; index < count; index++) names.push(await reader.text());
    return names;
  },
};

/**
 * Reads the configuration section, if there is one.
 * @throws PoolTrackerError FORMAT_DAMAGED, FORMAT_REFUSED
 */
export async function readConfiguration(reader: StateReader, complaints: StateComplaints): Promise<StateConfiguration> {
  const capabilities = new Set<string>();
  if (!(await reader.takes(CONFIGURATION))) return { machine: '', capabilities };
  const length = await reader.u32();
  if (length > MAX_NAME_LENGTH) throw complaints.damaged(`its machine type has a name of ${length} bytes`);
  const machine = (await reader.take(length)).toString('latin1');
  while (await reader.takes(SUBSECTION)) {
    const subsection = await reader.text();
    await reader.u32();
    const read = Object.hasOwn(SUBSECTIONS, subsection) ? SUBSECTIONS[subsection] : undefined;
    if (read === undefined) {
      throw complaints.refused(
        `its configuration has a subsection '${subsection}', which is not known`,
        'dump the machine as ELF: dump-guest-memory, or virsh dump --memory-only',
      );
    }
    for (const name of await read(reader, complaints)) capabilities.add(name);
  }
  return { machine, capabilities };
}
