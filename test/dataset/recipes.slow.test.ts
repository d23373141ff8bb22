import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { parse } from 'yaml';
import { datasetRows } from '../support/records/dataset-content.js';
import { writeSmallImages } from '../support/images/dataset-images.js';
import { builtFile, ended, runCli, said, startCli } from '../support/run/cli.js';
import { hasProgram } from '../support/run/programs.js';
import { RedisServer } from '../support/run/redis-server.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

const DOCUMENT = readFileSync(new URL('../../docs/scale.md', import.meta.url), 'utf8');
const IMAGES = 12;
/** In place of the 16 that the recipes have. */
const SHARDS = 3;

/** The first block in a language that holds some words. */
function recipe(language: string, words: string): string {
  const blocks = [...DOCUMENT.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))];
  return blocks.map((block) => block[1]!).find((text) => text.includes(words))!;
}

interface Service {
  readonly command: readonly string[];
  readonly volumes: readonly string[];
}

describe('the recipes of docs/scale.md for many machines', () => {
  const folder = temporaryFolder();
  const dumps = (): string => folder.path('dumps');
  /** A dataset of all images has a record of each, once. */
  const isWhole = async (lake: string): Promise<void> => {
    const images = await datasetRows(folder.path(lake), 'image');
    assert.equal(images.length, IMAGES);
    assert.equal(new Set(images.map((row) => row['image_id'])).size, IMAGES);
  };
  /** Runs a shell command in which `pool-tracker` is ours and `srun` runs what follows it. */
  const shell = async (command: string, env: Record<string, string>): Promise<void> => {
    const functions = `pool-tracker() { '${process.execPath}' '${builtFile('bin/pool-tracker.js')}' "$@"; }; srun() { "$@"; };`;
    const child = spawn('bash', ['-c', `${functions} ${command.replace(/\bexec /, '')}`], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { status, stderr } = await ended(child);
    assert.equal(status, 0, stderr);
  };

  before(() => writeSmallImages(dumps(), IMAGES));

  it('an indexed job of Kubernetes', async () => {
    const job = parse(recipe('yaml', 'completionMode: Indexed')) as {
      spec: {
        completions: number;
        template: { spec: { containers: [{ command: string[]; args: [string] }] } };
      };
    };
    const [{ command, args }] = job.spec.template.spec.containers;
    assert.deepEqual(command, ['sh', '-c']);
    assert.ok(args[0].includes(`"$JOB_COMPLETION_INDEX/${job.spec.completions}"`), args[0]);
    const here = args[0]
      .replace('s3://dumps/2024/', dumps())
      .replace('s3://lake/pool', folder.path('kubernetes'))
      .replace(`/${job.spec.completions}"`, `/${SHARDS}"`);
    for (let index = 0; index < SHARDS; index++) await shell(here, { JOB_COMPLETION_INDEX: String(index) });
    await isWhole('kubernetes');
  });

  it('an array of Slurm', async () => {
    const script = recipe('bash', '#SBATCH');
    const [, last] = /--array=0-(\d+)/.exec(script)!;
    const here = script
      .replace('/shared/dumps', dumps())
      .replace('/shared/lake', folder.path('slurm'))
      .replace(`/${Number(last) + 1}"`, `/${SHARDS}"`);
    assert.notEqual(here.indexOf(`/${SHARDS}"`), -1, 'one shard for each task of the array');
    for (let task = 0; task < SHARDS; task++) await shell(here, { SLURM_ARRAY_TASK_ID: String(task) });
    await isWhole('slurm');
  });

  it('containers that take from a queue, one of them killed', async function () {
    if (!hasProgram('redis-server', '--version')) this.skip();
    const { services } = parse(recipe('yaml', 'redis-server')) as { services: Record<string, Service> };
    await mkdir(folder.path('redis'));
    const redis = await RedisServer.start(folder.path('redis'));
    try {
      const words = ({ command, volumes }: Service): string[] => {
        assert.deepEqual(volumes, ['/srv/dumps:/dumps:ro', '/srv/lake:/lake']);
        return command.map((word) =>
          word
            .replace(/^redis:\/\/queue:6379$/, redis.url)
            .replace(/^\/dumps$/, dumps())
            .replace(/^\/lake$/, folder.path('queued')),
        );
      };
      const submitted = await runCli(words(services['submit']!));
      assert.equal(submitted.status, 0, submitted.stderr);
      const worker = [...words(services['worker']!), '--stalled-after', '1'];
      const killed = startCli(worker);
      await said(killed, /"event":"image"/);
      killed.kill('SIGKILL');
      await ended(killed);
      const ends = await Promise.all([1, 2].map(() => runCli([...worker, '--until-empty'])));
      for (const { status, stderr } of ends) assert.equal(status, 0, stderr);
      await isWhole('queued');
    } finally {
      await redis.stop();
    }
  });

  it('an image of the package, by its version', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    assert.ok(recipe('dockerfile', 'FROM').includes(`pool-tracker-${version}.tgz`));
  });
});
