'use strict';

require('./node-version');
const path = require('node:path');
const { root } = require('./bootstrap');
const { EXIT, readArguments, wrongUse } = require('./command-line');
const { runCommand } = require('./run');
const { bold, dim, green, print, red } = require('./terminal');

/**
 * @typedef {object} Group
 * @property {string} name of the file in test/mutants that loads the tests: a single file loads the modules only once, which
 *   saves time for each mutant
 * @property {string[]} mutate source files that get mistakes
 * @property {string[]} [apart] specs that mock a module and therefore cannot share the file
 */
/** @typedef {Awaited<ReturnType<import('@stryker-mutator/core', { with: { 'resolution-mode': 'import' } }).Stryker['runMutationTest']>>[number]} Mutant */
/** @typedef {{ name: string, caught: number, all: number }} Score */

/** The percentage of mistakes that must be caught in each group. */
const leastPercent = 85;

/** @type {Group[]} */
const groups = [
  {
    name: 'engine',
    mutate: [
      'libs/idempotency/src/engine/{begin,failure,later-results,lease,leased-work,local-memory,outcome,run-context,steps}.ts',
      'libs/idempotency/src/engine/{engine.options,idempotency.events,idempotency.service}.ts',
      'libs/idempotency/src/handlers/{idempotency.context,idempotency.options,request-reader}.ts',
    ],
    apart: ['engine-failures.spec.ts', 'engine-joins.spec.ts'],
  },
  {
    name: 'keys',
    mutate: [
      'libs/idempotency/src/engine/{canonical-json,fingerprint,idempotency-key}.ts',
      'libs/idempotency/src/stores/stored-record.ts',
      'libs/idempotency/src/stores/redis/redis-{keys,replies}.ts',
    ],
  },
  {
    name: 'memory-store',
    mutate: ['libs/idempotency/src/stores/memory/*.ts'],
  },
  {
    name: 'policy',
    mutate: [
      'src/messaging/{disposition,message.pipeline}.ts',
      'src/payment/{payment.policy,payment-reasons}.ts',
      'src/payment/gateway/stripe-errors.ts',
    ],
  },
  {
    name: 'money',
    mutate: ['src/money/*.ts'],
  },
];

const help = `npm run mutants: small mistakes that the unit tests must catch

Puts mistakes (Stryker), one at a time, into code that is pure or runs on the memory store, and runs the unit tests of
the group against each. Takes about half an hour on two cores; the machine should have nothing else to do.

  npm run mutants -- money    one group: ${groups.map(({ name }) => name).join(', ')}
  --help

Exit code 0 if at least ${leastPercent} % were caught in each group, 1 otherwise, 2 for wrong usage.`;

/** @param {Group[]} chosen */
async function tryGroups(chosen) {
  /** @type {Score[]} */
  const scores = [];
  for (const group of chosen) {
    print(bold(`\n${group.name}`));
    const mutants = await tryMutants(group);
    const left = mutants.filter(({ status }) => status === 'Survived' || status === 'NoCoverage');
    const caught = mutants.filter(({ status }) => status === 'Killed' || status === 'Timeout');
    for (const mutant of left) print(lineOf(mutant));
    scores.push({ name: group.name, caught: caught.length, all: caught.length + left.length });
  }
  print('');
  for (const score of scores) print(scoreLine(score));
  return scores.every(isEnough) ? EXIT.done : EXIT.failed;
}

/**
 * @param {Group} group
 * @returns {Promise<Mutant[]>}
 */
async function tryMutants({ name, mutate, apart = [] }) {
  const { Stryker } = await import('@stryker-mutator/core');
  const stryker = new Stryker({
    mutate,
    // Everything else is not copied for Stryker.
    ignorePatterns: [
      '/*',
      '!/src',
      '!/libs',
      '!/scripts',
      '!/test',
      '!/.swcrc',
      '!/package.json',
      '!/tsconfig.json',
    ],
    testRunner: 'jest',
    jest: {
      projectType: 'custom',
      // A configuration of its own: with the projects of package.json each test would run twice.
      configFile: 'test/mutants.jest.json',
      config: {
        testMatch: [`test/mutants/${name}.ts`, ...apart.map((spec) => `libs/idempotency/test/${spec}`)].map(
          inProject,
        ),
      },
    },
    coverageAnalysis: 'perTest',
    concurrency: 2,
    timeoutMS: 10_000,
    reporters: ['progress'],
    tempDirName: '.run/mutants',
    warnings: false,
  });
  return await stryker.runMutationTest();
}

/** @param {string} file */
function inProject(file) {
  return `<rootDir>/${file}`;
}

/** @param {Mutant} mutant */
function lineOf({ fileName, location, mutatorName, replacement }) {
  const file = path.relative(root, fileName);
  return `${file}:${location.start.line}:${location.start.column} ${dim(mutatorName)} ${replacement ?? ''}`;
}

/** @param {Score} score */
function scoreLine(score) {
  const { name, caught, all } = score;
  const percent = ((caught / all) * 100).toFixed(1);
  return `${isEnough(score) ? green('✓') : red('✗')} ${name.padEnd(14)} ${percent} %  ${caught} of ${all}`;
}

/** @param {Score} score */
function isEnough({ caught, all }) {
  return caught * 100 >= all * leastPercent;
}

const { positionals } = readArguments({ help, options: {}, words: 'GROUP' });
const chosen = groups.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const unknown = positionals.find((word) => !groups.some(({ name }) => name === word));
if (unknown !== undefined) wrongUse(`Unknown group '${unknown}'`, help);
void runCommand({
  kind: 'mutants',
  title: 'Mistakes that the unit tests must catch',
  work: () => tryGroups(chosen),
});
