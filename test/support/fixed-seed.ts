import fc from 'fast-check';

/**
 * Property tests draw the same examples each time, so that a run that is red stays red. `FAST_CHECK_SEED` draws others;
 * a failure prints the seed and the path that lead back to it.
 */
fc.configureGlobal({
  seed: Number(process.env.FAST_CHECK_SEED ?? 20_260_101),
  // `npm run mutants` wants to know that an example fails; nobody reads the smallest one there.
  endOnFailure: process.env.STRYKER_MUTATOR_WORKER !== undefined,
});
