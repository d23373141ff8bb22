/** Loaded by Mocha before any test file, in every process that runs some. */
import fc from 'fast-check';
import type { RootHookObject } from 'mocha';
import { noteTest, SEED } from './seeds.js';

// For a property that is asserted by fast-check alone; those of this project go through property.ts.
fc.configureGlobal({ seed: SEED });

export const mochaHooks: RootHookObject = {
  beforeEach(this: Mocha.Context) {
    noteTest(this.currentTest?.fullTitle() ?? '');
  },
};
