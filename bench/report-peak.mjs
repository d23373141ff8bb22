/** Loaded before a measured program: tells its peak resident set (KiB) and its CPU (seconds) when it ends. */
import { readFileSync, writeFileSync } from 'node:fs';

/** What the kernel counted since this program began; getrusage counts its parent's memory at the fork as well. */
function peak() {
  try {
    return /^VmHWM:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1];
  } catch {
    return process.resourceUsage().maxRSS;
  }
}

function cpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const file = process.env.PEAK_FILE;
delete process.env.PEAK_FILE;
if (file) process.on('exit', () => writeFileSync(file, `${peak()} ${cpu()}`));
