import { crc32 } from '../../codec/crc32.js';
import { decodeRawDeflate } from '../../codec/zlib.js';
import type { Container } from '../../source/reading/container.js';
import { memberOffset, readZipDirectory, ZIP_METHOD, type ZipMember } from '../../source/zip-directory.js';
import { parseTurtle, RDF_TYPE, type TurtleGraph } from './turtle.js';

export const AFF4 = 'http://aff4.org/Schema#';

const MAX_METADATA = 4 << 20;

/** An AFF4 volume: a ZIP archive whose members are named by URNs, with metadata about them. */
export class Aff4Volume {
  private constructor(
    readonly container: Container,
    private readonly members: ReadonlyMap<string, ZipMember>,
    private readonly graph: TurtleGraph,
  ) {}

  /** @throws PoolTrackerError FORMAT_DAMAGED, FORMAT_REFUSED when it has no AFF4 metadata */
  static async open(container: Container): Promise<Aff4Volume> {
    const byName = await readZipDirectory(container);
    const metadata = byName.get('information.turtle');
    if (metadata === undefined)
      throw container.refused('it has no information.turtle', 'unpack an ordinary ZIP file first');
    const volume = new Aff4Volume(container, byName, new Map());
    const graph = parseTurtle((await volume.readMember(metadata, MAX_METADATA)).toString('utf8'));
    const urn = [...graph].find(([, properties]) => properties.get(RDF_TYPE)?.includes(`${AFF4}ZipVolume`))?.[0] ?? '';
    const byUrn = new Map([...byName].map(([name, member]) => [absoluteUrn(name, urn), member]));
    return new Aff4Volume(container, byUrn, graph);
  }

  get subjects(): Iterable<string> {
    return this.graph.keys();
  }

  /** The objects of a property in AFF4's schema, or of `rdf:type`; empty when it is not given. */
  property(subject: string, name: string): readonly string[] {
    return this.graph.get(subject)?.get(name === RDF_TYPE ? name : AFF4 + name) ?? [];
  }

  isA(subject: string, type: string): boolean {
    return this.property(subject, RDF_TYPE).includes(AFF4 + type);
  }

  /** A number in the metadata. @throws PoolTrackerError FORMAT_DAMAGED when it is missing or not a whole number */
  number(subject: string, name: string): number {
    const text = this.property(subject, name)[0];
    const value = Number(text);
    if (text === undefined || !Number.isSafeInteger(value) || value < 0) {
      throw this.container.damaged(
        `its metadata give ${name} of ${subject} as '${text ?? 'nothing'}'; expected a whole number`,
      );
    }
    return value;
  }

  member(urn: string): ZipMember | undefined {
    return this.members.get(urn);
  }

  /** Offset of a member that is stored uncompressed. @throws PoolTrackerError FORMAT_DAMAGED, FORMAT_REFUSED */
  async storedAt(member: ZipMember): Promise<number> {
    if (member.method !== ZIP_METHOD.stored) {
      throw this.container.refused(
        `its member '${member.name}' is compressed by ZIP (method ${member.method})`,
        'AFF4 stores such members as they are',
      );
    }
    return memberOffset(this.container, member);
  }

  /**
   * Reads a member that is stored uncompressed and is used in place, against its CRC.
   * @param offset of its first byte
   * @throws PoolTrackerError FORMAT_DAMAGED
   */
  async verifyStored(member: ZipMember, offset: number): Promise<void> {
    if (member.crc === 0) return;
    let crc = 0;
    for await (const piece of this.container.pieces(offset, member.size, `the member '${member.name}'`))
      crc = crc32(piece, crc);
    this.verify(member, crc);
  }

  /** A member's bytes, at most `limit`. @throws PoolTrackerError FORMAT_DAMAGED, FORMAT_REFUSED */
  async readMember(member: ZipMember, limit: number): Promise<Buffer> {
    const bytes = await this.unpackMember(member, limit);
    this.verify(member, crc32(bytes));
    return bytes;
  }

  private verify({ name, crc }: ZipMember, found: number): void {
    if (crc !== 0 && crc !== found) throw this.container.damaged(`its member '${name}' does not match its CRC`);
  }

  private async unpackMember(member: ZipMember, limit: number): Promise<Buffer> {
    if (member.storedSize > limit || member.size > limit) {
      throw this.container.damaged(`its member '${member.name}' has ${member.size} bytes; expected at most ${limit}`);
    }
    const bytes = await this.container.bytes(
      await memberOffset(this.container, member),
      member.storedSize,
      `the member '${member.name}'`,
    );
    if (member.method === ZIP_METHOD.stored) return bytes;
    if (member.method === ZIP_METHOD.deflated) return decodeRawDeflate(bytes, member.size);
    throw this.container.refused(
      `its member '${member.name}' is compressed by method ${member.method}`,
      'stored and deflated members can be read',
    );
  }
}

/** Members are named by their URN with `:` and `/` escaped, or relative to the volume's. */
function absoluteUrn(name: string, volume: string): string {
  let decoded = name;
  try {
    decoded = decodeURIComponent(name);
  } catch {
    // A name with an invalid escape is not an AFF4 URN: it is kept unchanged and never looked up.
  }
  return decoded.startsWith('aff4://') ? decoded : `${volume}/${decoded}`;
}
