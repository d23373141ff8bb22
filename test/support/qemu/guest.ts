import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { bootRom } from './boot-rom.js';
import type { GeneratedMemory } from '../generate/memory-plan.js';
import { until } from '../run/until.js';

export const QEMU = 'qemu-system-x86_64';

const LOW_MEMORY = 0xa0000;
const HIGH_MEMORY = 0x100000;

/**
 * A virtual machine whose memory is a generated one and whose processor, in long mode, has its page table root: what
 * its real dumps and saved states hold is known. Driven by QEMU's machine protocol.
 */
export class QemuGuest {
  private constructor(
    private readonly process: ChildProcessWithoutNullStreams,
    private readonly lines: Interface,
    private readonly answers: AsyncIterator<string>,
  ) {}

  /** @param folder takes the files that the machine is loaded from */
  static async start(
    { memory, truth }: GeneratedMemory,
    folder: string,
    machine: 'pc' | 'q35' = 'pc',
  ): Promise<QemuGuest> {
    const [rom, low, high] = ['rom.bin', 'low.bin', 'high.bin'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await writeFile(rom, bootRom(truth.dtb));
    await writeFile(low, memory.read(0, LOW_MEMORY));
    await writeFile(high, memory.read(HIGH_MEMORY, memory.byteLength - HIGH_MEMORY));
    const load = (file: string, address: number): string[] => [
      '-device',
      `loader,file=${file},addr=${address},force-raw=on`,
    ];
    const child = spawn(QEMU, [
      '-M',
      machine,
      '-accel',
      'tcg',
      '-m',
      `${memory.byteLength / 2 ** 20}`,
      '-nodefaults',
      '-display',
      'none',
      '-bios',
      rom,
      ...load(low, 0),
      ...load(high, HIGH_MEMORY),
      '-no-reboot',
      '-no-shutdown',
      '-qmp',
      'stdio',
    ]);
    const lines = createInterface(child.stdout);
    const guest = new QemuGuest(child, lines, lines[Symbol.asyncIterator]());
    await guest.execute('qmp_capabilities');
    await guest.until('query-status', 'status', (status) => status !== 'running');
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

  async saveState(path: string): Promise<void> {
    await this.execute('migrate', { uri: `exec:cat > '${path}'` });
    await this.until('query-migrate', 'status', (status) => {
      if (status === 'failed') throw new Error(`QEMU could not write ${path}`);
      return status === 'completed';
    });
  }

  async stop(): Promise<void> {
    const ended = once(this.process, 'exit');
    this.process.kill();
    await ended;
    this.lines.close();
  }

  private async until(command: string, field: string, reached: (value: unknown) => boolean): Promise<void> {
    await until(async () => reached(((await this.execute(command)) as Record<string, unknown>)[field]));
  }

  private async execute(command: string, parameters: object = {}): Promise<unknown> {
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
