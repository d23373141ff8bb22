/** The tags that hold the most memory, one by one. Usage: npx tsx samples/library/top-tags.ts IMAGE [COUNT] */
import { scanTags } from 'pool-tracker';

const [image, count = '5'] = process.argv.slice(2);
if (image === undefined) throw new Error('name an image');

let sum = 0n;
for await (const tag of scanTags(image, { selection: { sort: 'bytes', top: Number(count) } })) {
  // Counters are bigints, by the names of the columns: the compiler knows them.
  const bytes: bigint = tag.nonpaged_bytes + tag.paged_bytes;
  sum += bytes;
  console.log(`${tag.tag} ${bytes} bytes${tag.complete ? '' : ', perhaps more'}, ${tag.driver ?? 'on no list'}`);
}
console.log(`${sum} bytes together`);
