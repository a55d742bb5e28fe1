import fc from 'fast-check';

/**
 * Property tests draw the same examples each time, so that a run that is red stays red. `FAST_CHECK_SEED` draws others;
 * a failure prints the seed and the path that lead back to it.
 */
fc.configureGlobal({ seed: Number(process.env.FAST_CHECK_SEED ?? 20_260_101) });
