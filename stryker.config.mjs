/**
 * `npm run mutants`: small mistakes, put one at a time into the engine, the payment's policy and money, and the unit
 * tests that must notice each. Only what is pure or runs on the memory store is here; what needs servers is checked by
 * the e2e specs and by `npm run faults:mutants`.
 */
export default {
  mutate: [
    'src/idempotency/{canonical-json,claim-of-request,fingerprint,idempotency-key,lease,leased-work}.ts',
    'src/idempotency/{local-memory,outcome,remembered-error}.ts',
    'src/idempotency/idempotency.{context,errors,events,options,service}.ts',
    'src/idempotency/store/stored-record.ts',
    'src/idempotency/store/memory/*.ts',
    'src/idempotency/store/redis/redis-{keys,replies}.ts',
    'src/messaging/{fate,unprocessed-fate}.ts',
    'src/payment/{currencies,money,payment-fate}.ts',
    'src/payment/gateway/stripe-errors.ts',
  ],
  // What is copied for it.
  ignorePatterns: ['/*', '!/src', '!/test', '!/.swcrc', '!/package.json', '!/tsconfig.json'],
  testRunner: 'jest',
  jest: {
    projectType: 'custom',
    config: {
      testMatch: ['<rootDir>/test/unit/{idempotency,messaging,payment}/**/*spec.ts'],
      // Slow, and made to find what nobody thought of: every mutant would have to wait for it.
      testPathIgnorePatterns: ['/hostile-input\\.spec\\.ts$'],
      transform: { '\\.ts$': '@swc/jest' },
    },
  },
  coverageAnalysis: 'perTest',
  // Two at a time, as on the machines that build this; `--concurrency` says otherwise.
  concurrency: 2,
  timeoutMS: 10_000,
  reporters: ['progress', 'clear-text', 'json'],
  jsonReporter: { fileName: '.run/mutants.json' },
  // Only what changed since the last run is tried again; `--force` tries all.
  incremental: true,
  incrementalFile: '.run/mutants-incremental.json',
  tempDirName: '.run/mutants',
  clearTextReporter: { allowColor: false, reportTests: false },
  thresholds: { high: 95, low: 85, break: 85 },
};
