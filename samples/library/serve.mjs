/**
 * Serves the tags of an image as NDJSON, by web streams: none is made before the client takes it, and a client that goes
 * away closes the image. Usage: node samples/library/serve.mjs IMAGE
 */
import { createServer } from 'node:http';
import { Writable } from 'node:stream';
import { TextEncoderStream, TransformStream } from 'node:stream/web';
import { recordStream } from 'pool-tracker';

const lines = () =>
  new TransformStream({
    // JSON has no bigints: as strings they stay exact.
    transform: (tag, output) =>
      output.enqueue(`${JSON.stringify(tag, (_, value) => (typeof value === 'bigint' ? String(value) : value))}\n`),
  });

const server = createServer((_, response) => {
  response.setHeader('content-type', 'application/x-ndjson');
  recordStream(process.argv[2], 'pool_tag')
    .pipeThrough(lines())
    .pipeThrough(new TextEncoderStream())
    .pipeTo(Writable.toWeb(response))
    .catch((error) => console.error(error.message));
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));
