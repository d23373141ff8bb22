import assert from 'node:assert/strict';
import { BufferSource } from '../sources/buffer-source.js';
import { type Answer, answerOfSource, answerOfStream, pipeOf } from './answers.js';

export type { Answer } from './answers.js';

const NAME = 'the image';

/** What an image that lies in a buffer answers as a file. */
export function asFile(bytes: Buffer): Promise<Answer> {
  return answerOfSource(new BufferSource(bytes, NAME));
}

/** What it answers as a stream. */
export function throughPipe(bytes: Buffer): Promise<Answer> {
  return answerOfStream(pipeOf(NAME, bytes));
}

/** What it answers either way. */
export async function same(bytes: Buffer): Promise<Answer> {
  const answer = await asFile(bytes);
  assert.deepEqual(await throughPipe(bytes), answer);
  return answer;
}
