import { createRequire } from 'node:module';

/**
 * Loads a package that is CommonJS. `import` looks through the text of such a one for the names that it exports, and for
 * that compiles a module of WebAssembly of its own first: a tenth of a second of processor, and 10 MiB.
 */
export const requirePackage: NodeJS.Require = createRequire(import.meta.url);
