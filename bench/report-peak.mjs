/** Loaded before a measured program: tells the peak resident set (KiB) when it ends. */
import { writeFileSync } from 'node:fs';

const file = process.env.PEAK_FILE;
delete process.env.PEAK_FILE;
if (file) process.on('exit', () => writeFileSync(file, String(process.resourceUsage().maxRSS)));
