/** Writes the manual page from what the compiled command line says of itself. Part of `npm run build`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { COMMANDS } from '../dist/cli/commands/commands.js';
import { manualPage } from '../dist/cli/shell/manual-page.js';
import { spokenCommands } from '../dist/cli/shell/spoken-commands.js';

const folder = new URL('../dist/man/', import.meta.url);
await mkdir(folder, { recursive: true });
await writeFile(new URL('pool-tracker.1', folder), manualPage(await spokenCommands(COMMANDS)));
