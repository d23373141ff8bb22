import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { bootRom, busyRom, idleRom } from './boot-rom.js';
import type { GeneratedMemory } from '../generate/memory-plan.js';
import { until } from '../run/until.js';

export const QEMU = 'qemu-system-x86_64';

const LOW_MEMORY = 0xa0000;
const HIGH_MEMORY = 0x100000;

/** What a virtual machine is made of, beside its memory. */
export interface QemuOptions {
  readonly machine?: 'pc' | 'q35';
  /** Its first processor is left in the mode that it starts in, the others wait; by default one goes to long mode. */
  readonly isIdle?: boolean;
  readonly processors?: number;
  /** Further arguments. */
  readonly with?: readonly string[];
}

/** What `query-migrate` tells, of which a test may wait for a part. */
export interface Progress {
  readonly status: string;
  readonly ram?: { readonly 'dirty-sync-count': number };
  readonly 'xbzrle-cache'?: { readonly pages: number };
}

/** Slower than a machine writes, so that it is saved in many passes. */
const SLOW = { 'downtime-limit': 1, 'max-bandwidth': 1 << 20 };
const AT_ONCE = { 'downtime-limit': 2000, 'max-bandwidth': 2 ** 30 };

/**
 * A virtual machine whose real dumps and saved states are of a memory that is known. Driven by QEMU's machine protocol.
 */
export class QemuGuest {
  private constructor(
    private readonly process: ChildProcessWithoutNullStreams,
    private readonly lines: Interface,
    private readonly answers: AsyncIterator<string>,
  ) {}

  /**
   * One whose memory is a generated one, and which stands still.
   * @param folder takes the files that the machine is loaded from
   */
  static async start(
    { memory, truth }: GeneratedMemory,
    folder: string,
    { isIdle = false, ...options }: QemuOptions = {},
  ): Promise<QemuGuest> {
    const [low, high] = ['low.bin', 'high.bin'].map((name) => join(folder, name)) as [string, string];
    await writeFile(low, memory.read(0, LOW_MEMORY));
    await writeFile(high, memory.read(HIGH_MEMORY, memory.byteLength - HIGH_MEMORY));
    const load = (file: string, address: number): string[] => [
      '-device',
      `loader,file=${file},addr=${address},force-raw=on`,
    ];
    const guest = await QemuGuest.launch(folder, isIdle ? idleRom() : bootRom(truth.dtb), memory.byteLength, {
      ...options,
      with: [...load(low, 0), ...load(high, HIGH_MEMORY), ...(options.with ?? [])],
    });
    if (!isIdle) await guest.until<{ status: string }>('query-status', ({ status }) => status !== 'running');
    return guest;
  }

  /** One that goes on writing to its memory. */
  static startBusy(folder: string, memoryBytes: number, options: QemuOptions = {}): Promise<QemuGuest> {
    return QemuGuest.launch(folder, busyRom(), memoryBytes, options);
  }

  private static async launch(
    folder: string,
    bios: Buffer,
    memoryBytes: number,
    { machine = 'pc', processors = 1, with: others = [] }: QemuOptions,
  ): Promise<QemuGuest> {
    const rom = join(folder, 'rom.bin');
    await writeFile(rom, bios);
    const child = spawn(QEMU, [
      ...['-M', machine, '-accel', 'tcg', '-smp', `${processors}`, '-m', `${memoryBytes / 2 ** 20}`],
      ...['-nodefaults', '-display', 'none', '-bios', rom, '-no-reboot', '-no-shutdown', '-qmp', 'stdio'],
      ...others,
    ]);
    const lines = createInterface(child.stdout);
    const guest = new QemuGuest(child, lines, lines[Symbol.asyncIterator]());
    await guest.execute('qmp_capabilities');
    return guest;
  }

  /** @param format `elf` or a kdump format; which of those there are depends on how QEMU was built */
  async dump(path: string, format: string): Promise<void> {
    await this.execute('dump-guest-memory', { paging: false, protocol: `file:${path}`, format });
  }

  async dumpFormats(): Promise<readonly string[]> {
    const { formats } = (await this.execute('query-dump-guest-memory-capability')) as { formats: string[] };
    return formats;
  }

  /** @param capabilities of migrations that are turned on */
  async saveState(path: string, capabilities: readonly string[] = []): Promise<void> {
    await this.migrate(path, capabilities);
    await this.migrated(path, ({ status }) => status === 'completed');
  }

  /** Saves a state in passes over what was written meanwhile, until there are enough of them. */
  async saveBusyState(
    path: string,
    capabilities: readonly string[],
    isEnough: (progress: Progress) => boolean,
  ): Promise<void> {
    await this.execute('migrate-set-parameters', SLOW);
    await this.migrate(path, capabilities);
    await this.migrated(path, (progress) => isEnough(progress) || progress.status === 'completed');
    await this.execute('migrate-set-parameters', AT_ONCE);
    await this.migrated(path, ({ status }) => status === 'completed');
  }

  /** Which of the capabilities this QEMU has. */
  async capabilities(): Promise<readonly string[]> {
    const all = (await this.execute('query-migrate-capabilities')) as { capability: string }[];
    return all.map(({ capability }) => capability);
  }

  /** Its memory as it is now. @param path takes it meanwhile */
  async memory(path: string, byteLength: number): Promise<Buffer> {
    await this.execute('pmemsave', { val: 0, size: byteLength, filename: path });
    return readFile(path);
  }

  async stop(): Promise<void> {
    const ended = once(this.process, 'exit');
    this.process.kill();
    await ended;
    this.lines.close();
  }

  private async migrate(path: string, capabilities: readonly string[]): Promise<void> {
    await this.execute('migrate-set-capabilities', {
      capabilities: capabilities.map((capability) => ({ capability, state: true })),
    });
    await this.execute('migrate', { uri: `exec:cat > '${path}'` });
  }

  private migrated(path: string, reached: (progress: Progress) => boolean): Promise<void> {
    return this.until<Progress>('query-migrate', (progress) => {
      if (progress.status === 'failed') throw new Error(`QEMU could not write ${path}`);
      return reached(progress);
    });
  }

  private async until<T>(command: string, reached: (answer: T) => boolean): Promise<void> {
    await until(async () => reached((await this.execute(command)) as T));
  }

  /** Any other command. */
  async execute(command: string, parameters: object = {}): Promise<unknown> {
    this.process.stdin.write(`${JSON.stringify({ execute: command, arguments: parameters })}\n`);
    for (;;) {
      const line = await this.answers.next();
      if (line.done === true) throw new Error(`QEMU ended during ${command}`);
      const answer = JSON.parse(line.value) as { return?: unknown; error?: { desc: string } };
      if (answer.error !== undefined) throw new Error(`${command}: ${answer.error.desc}`);
      if ('return' in answer) return answer.return;
    }
  }
}
