/** Counts the bytes that a wrapper's decoder gives, and does nothing else: the limit of what reads such a file. */
import { FileSource } from '../dist/source/local/file-source.js';
import { readBytes } from '../dist/source/source.js';
import { detectWrapper, unwrap } from '../dist/source/wrapper/wrappers.js';

const source = await FileSource.open(process.argv[2]);
let length = 0;
for await (const piece of unwrap(detectWrapper(await readBytes(source, 0, 4096)), source, source.name))
  length += piece.length;
console.log(length);
