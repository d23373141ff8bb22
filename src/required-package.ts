import { createRequire } from 'node:module';

/**
 * Loads a package that is CommonJS. `import` looks through the text of all its files for the names that they export: of
 * DuckDB's that takes as long as the loading itself (0.15 s on Node 20), and 10 MiB.
 */
export const requirePackage: NodeJS.Require = createRequire(import.meta.url);
