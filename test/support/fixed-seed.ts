import fc from 'fast-check';

/**
 * Property tests use the same examples each time, so that a failing run keeps failing. `FAST_CHECK_SEED` sets another
 * seed; a failure prints the seed and the path that reproduce it.
 */
fc.configureGlobal({
  seed: Number(process.env.FAST_CHECK_SEED ?? 20_260_101),
  // `npm run mutants` only needs to know that an example fails, not the smallest one.
  endOnFailure: process.env.STRYKER_MUTATOR_WORKER !== undefined,
});
