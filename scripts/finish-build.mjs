/** What the compiler leaves out: the command must be executable where it is linked to before npm installs it. */
import { chmodSync } from 'node:fs';

chmodSync(new URL('../dist/cli/main.js', import.meta.url), 0o755);
