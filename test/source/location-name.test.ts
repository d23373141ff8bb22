import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { listImages } from '../../src/dataset/images/images.js';
import { authorized } from '../../src/source/remote/http-source.js';
import { decodedCredential, locationName } from '../../src/source/source.js';

describe('the name of a place', () => {
  it('has no credentials, wherever a URL keeps them', () => {
    assert.equal(
      locationName('https://user:secret@host:8443/a%20b/m.raw?X-Signature=secret#secret'),
      'https://host:8443/a%20b/m.raw',
    );
    assert.equal(locationName('HTTP://secret@host/m.raw'), 'http://host/m.raw');
    assert.equal(locationName('https://user:secret@[oops'), 'a URL that cannot be read');
  });

  it('is the place itself for anything else', () => {
    for (const location of ['-', 'm.raw', '/a/b?c@d.raw', 'C:\\m.dmp', 's3://bucket/a?b#c@d'])
      assert.equal(locationName(location), location);
  });

  it('tells listed URLs apart by their query, without showing it', async () => {
    const urls = [
      'https://host/get?file=a&key=secret',
      'https://host/get?file=b&key=secret',
      'https://host/get',
      'https://u:secret@host/get',
    ];
    const sources = (await listImages(urls, { input: Readable.from([]) })).map(({ source }) => source);
    assert.equal(sources.length, 3, 'the last two are one');
    assert.equal(new Set(sources).size, 3);
    assert.ok(!sources.join().includes('secret'));
  });

  it('is fetched with the credentials as they were meant', () => {
    const { url, headers } = authorized(new URL('https://us%40er:100%@host/x#part'));
    assert.equal(url.href, 'https://host/x');
    assert.equal(headers.authorization, `Basic ${Buffer.from('us@er:100%').toString('base64')}`);
    assert.deepEqual(authorized(new URL('https://host/x')).headers, {});
  });
});

describe('a user or password in a URL', () => {
  for (const [text, decoded] of [
    ['p%40ss', 'p@ss'],
    ['100%', '100%'],
    ['a%zz%41', 'a%zzA'],
    // Latin-1, which is no UTF-8.
    ['us%e9r', 'us%e9r'],
    ['%c3%a9', 'é'],
    ['', ''],
  ] as const)
    it(`is decoded where its escapes are some: ${text}`, () => assert.equal(decodedCredential(text), decoded));
});
