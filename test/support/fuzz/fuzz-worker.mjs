// Loads TypeScript in a thread, which the flags of the process do not do on every Node.
import { register } from 'tsx/esm/api';

register();
await import('./fuzz-worker.ts');
