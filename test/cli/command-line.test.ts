import assert from 'node:assert/strict';
import { PoolTrackerError } from '../../src/errors.js';
import type { Command, CommandList, OptionValues } from '../../src/cli/options/command.js';
import { runCommandLine } from '../../src/cli/program.js';

const VARIABLE = 'POOL_TRACKER_TEST_PLACE';
const STATUS = 6;

/** What a command was run with. */
interface Call {
  readonly words: readonly string[];
  readonly options: OptionValues;
}

function recorder(calls: Call[], command: Pick<Command, 'arguments'>): Command {
  return {
    ...command,
    options: {
      output: { short: 'o', multiple: true, value: 'FILE', help: 'where to' },
      top: { value: 'N', help: 'how many' },
      place: { value: 'URL', env: VARIABLE, help: 'where from' },
      json: { short: 'j', help: 'as JSON' },
      quiet: { short: 'q', help: 'say nothing' },
      'no-cache': { help: 'keep nothing' },
    },
    examples: [],
    run: (words, options) => {
      calls.push({ words, options });
      return Promise.resolve(STATUS);
    },
  };
}

describe('the command line', () => {
  let calls: Call[] = [];
  const commands: CommandList = {
    many: {
      summary: 'take words',
      load: () => Promise.resolve(recorder(calls, { arguments: [{ name: 'IMAGE', multiple: true, help: 'images' }] })),
    },
    two: {
      summary: 'take two words',
      load: () =>
        Promise.resolve(
          recorder(calls, {
            arguments: [
              { name: 'IN', help: 'from' },
              { name: 'OUT', help: 'to' },
            ],
          }),
        ),
    },
    none: { summary: 'take no words', load: () => Promise.resolve(recorder(calls, { arguments: [] })) },
    never: { summary: 'be left alone', load: () => Promise.reject(new Error('it was loaded')) },
  };
  beforeEach(() => {
    calls = [];
  });
  afterEach(() => {
    delete process.env[VARIABLE];
  });

  async function call(...words: string[]): Promise<Call> {
    assert.equal(await runCommandLine(words, commands), STATUS);
    assert.equal(calls.length, 1);
    return calls[0]!;
  }

  it('runs the command that is called, loads no other, and gives its status', async () => {
    assert.deepEqual((await call('many', 'a', 'b')).words, ['a', 'b']);
    await assert.rejects(runCommandLine(['never'], commands), /it was loaded/);
  });

  for (const words of [
    ['-o', 'x', '--top', '3', '-q', 'a', 'b'],
    ['a', 'b', '-o', 'x', '--top', '3', '-q'],
    ['a', '-qo', 'x', 'b', '--top=3'],
    ['a', '--output=x', '--top', '9', 'b', '--top=3', '--quiet'],
    ['-ox', 'a', '--top=3', '-q', '--', 'b'],
  ]) {
    it(`takes options before, between and behind the words: ${words.join(' ')}`, async () => {
      const { words: left, options } = await call('many', ...words);
      assert.deepEqual(left, ['a', 'b']);
      assert.deepEqual(options.texts('output'), ['x']);
      assert.equal(options.count('top'), 3);
      assert.deepEqual([options.flag('quiet'), options.flag('json')], [true, false]);
    });
  }

  it('keeps every value of an option that may be repeated, in order', async () => {
    const { options } = await call('many', '-o', 'x', 'a', '--output', 'image=y', '-oz', '--output=-');
    assert.deepEqual(options.texts('output'), ['x', 'image=y', 'z', '-']);
    await runCommandLine(['none'], commands);
    assert.deepEqual(calls[1]!.options.texts('output'), []);
  });

  it('takes - and whatever stands behind -- as words', async () => {
    assert.deepEqual((await call('many', '-', '--', '--top', '-q', '--', '--help')).words, [
      '-',
      '--top',
      '-q',
      '--',
      '--help',
    ]);
  });

  it('takes values that are empty, hold an equals sign, or begin with a dash', async () => {
    const { options } = await call('many', 'a', '--place=', '-o', 'k=v=w', '--output=--json', '-o-x');
    assert.equal(options.text('place'), '');
    assert.deepEqual(options.texts('output'), ['k=v=w', '--json', '-x']);
    assert.equal(options.flag('json'), false);
  });

  it('tells a flag that begins with no- from the lack of it', async () => {
    assert.equal((await call('none', '--no-cache')).options.flag('no-cache'), true);
    await runCommandLine(['none'], commands);
    assert.equal(calls[1]!.options.flag('no-cache'), false);
  });

  it('asks the environment where an option is not given', async () => {
    assert.equal((await call('none')).options.text('place'), undefined);
    process.env[VARIABLE] = 'there';
    await runCommandLine(['none'], commands);
    await runCommandLine(['none', '--place', 'here'], commands);
    assert.deepEqual(
      calls.slice(1).map(({ options }) => options.text('place')),
      ['there', 'here'],
    );
  });

  for (const [words, message] of [
    [['many'], /^IMAGE is missing; see pool-tracker many --help$/],
    [['two', 'a'], /^OUT is missing;/],
    [['two', 'a', 'b', 'c', 'd'], /^expected IN OUT only, found 'c' as well; see pool-tracker two --help$/],
    [['none', 'a'], /^expected options only, found 'a' as well;/],
    [['many', 'a', '--nonsense'], /^unknown option '--nonsense'; see pool-tracker many --help$/],
    [['many', 'a', '--tpo', '3'], /^unknown option '--tpo' \(did you mean --top\?\); see/],
    [['many', 'a', '--no-json'], /^unknown option '--no-json'/],
    [['many', 'a', '-z'], /^unknown option '-z';/],
    [['many', 'a', '-qz'], /^unknown option '-z';/],
    [['many', 'a', '--version'], /^unknown option '--version'/],
    [['many', 'a', '--json=yes'], /^--json: expected no value, found 'yes';/],
    [['many', 'a', '--top'], /^--top: expected a value, N;/],
    [['many', 'a', '-o'], /^--output: expected a value, FILE;/],
    [['many', 'a', '--top', '--json'], /^--top: expected a value, found '--json'; .* written --top=--json$/],
    [['many', 'a', '-o', '-q'], /^--output: expected a value, found '-q'; .* written --output=-q$/],
    [['many', 'a', '-qo', '--json'], /^--output: expected a value, found '--json';/],
    [['many', 'a', '--top', '--help'], /^--top: expected a value, found '--help';/],
    [['none', '--top\n', 'a'], /^unknown option/],
    [['mnay', 'a'], /^no command is named 'mnay'; one of: many, two, none, never \(did you mean many\?\)$/],
    [['constructor'], /^no command is named 'constructor'; one of: many, two, none, never$/],
    [[''], /^no command is named '';/],
    [['help', 'a', 'b'], /^expected COMMAND only, found 'b' as well;/],
  ] as const) {
    it(`refuses in one line: ${JSON.stringify(words)}`, async () => {
      await assert.rejects(runCommandLine(words, commands), (error) => {
        assert.ok(error instanceof PoolTrackerError);
        assert.deepEqual([error.code, error.exitStatus], ['USAGE', 2]);
        const line = error.hint === null ? error.message : `${error.message}; ${error.hint}`;
        assert.match(line, message);
        assert.ok(!line.includes('\n'), line);
        return true;
      });
      assert.deepEqual(calls, []);
    });
  }

  it('checks values when they are read', async () => {
    const { options } = await call('many', 'a', '--top', 'ten');
    assert.throws(() => options.count('top'), /--top: expected a whole number of at least 1, found 'ten'/);
    assert.throws(() => options.percent('top'), /--top: expected a percentage from 0 on, found 'ten'/);
    assert.throws(() => options.choice('top', ['one', 'two']), /--top: expected one of one, two, found 'ten'/);
    assert.equal(options.choice('top', ['one', 'ten']), 'ten');
  });
});
