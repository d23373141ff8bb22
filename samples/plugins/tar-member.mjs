/**
 * A source scheme: one file of a tar archive, read in place. The archive may lie anywhere that an image may.
 *
 * pool-tracker scan 'tar:evidence.tar!case7/memory.raw' --plugin samples/plugins/tar-member.mjs
 */
const BLOCK = 512;
const MAX_MEMBERS = 100_000;

function fault(code, message) {
  return Object.assign(new Error(message), { code });
}

function textAt(header, offset, length) {
  return header.toString('utf8', offset, offset + length).replace(/\0.*$/s, '');
}

/** Names, offsets and sizes of an archive's files, in order. */
async function* filesOf(archive) {
  const header = Buffer.alloc(BLOCK);
  for (let offset = 0, count = 0; offset + BLOCK <= archive.byteLength; count++) {
    if (count > MAX_MEMBERS) throw fault('FORMAT_REFUSED', `${archive.name} has more than ${MAX_MEMBERS} members`);
    await archive.read(header, offset);
    if (header.every((byte) => byte === 0)) return;
    const size = parseInt(textAt(header, 124, 12), 8);
    if (textAt(header, 257, 5) !== 'ustar' || !Number.isSafeInteger(size))
      throw fault('FORMAT_DAMAGED', `${archive.name}: expected a header of a tar member at ${offset}`);
    const prefix = textAt(header, 345, 155);
    const name = (prefix === '' ? '' : `${prefix}/`) + textAt(header, 0, 100);
    if (textAt(header, 156, 1) === '0' || textAt(header, 156, 1) === '')
      yield { name: name.replace(/^\.\//, ''), offset: offset + BLOCK, size };
    offset += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}

async function open(location, { open: openArchive }) {
  const [, path, member] = /^tar:(.*)!(.*)$/is.exec(location) ?? [];
  if (member === undefined || member === '')
    throw fault('USAGE', `${location}: expected tar:ARCHIVE!MEMBER, found no member`);
  const archive = await openArchive(path);
  try {
    for await (const { name, offset, size } of filesOf(archive)) {
      if (name !== member) continue;
      if (offset + size > archive.byteLength)
        throw fault('FORMAT_DAMAGED', `${archive.name} ends in the middle of ${member}`);
      return {
        name: location,
        byteLength: size,
        get bytesRead() {
          return archive.bytesRead;
        },
        // Never asked for bytes behind the end.
        read: (target, at) => archive.read(target, offset + at),
        // Files beside it: further parts, a saved state. There is none of that name: null.
        sibling: (fileName) =>
          open(location.slice(0, location.length - member.length) + member.replace(/[^/]*$/, '') + fileName, {
            open: openArchive,
          }).catch((error) => {
            if (error.code === 'SOURCE_NOT_FOUND') return null;
            throw error;
          }),
        close: () => archive.close(),
      };
    }
    throw fault('SOURCE_NOT_FOUND', `${archive.name} has no file ${member}`);
  } catch (error) {
    await archive.close();
    throw error;
  }
}

const tar = { name: 'tar', claims: (location) => location.includes('!'), open };

export default { apiVersion: 1, name: 'tar-member', sourceSchemes: [tar] };
