'use strict';

require('./node-version');
const { availableParallelism } = require('node:os');
const path = require('node:path');
const { EXIT, readArguments } = require('./command-line');
const { check } = require('./model/check');
const { variants } = require('./model/variants');
const { runCommand } = require('./run');
const { findProgram } = require('./services/machine');
const { offerPackages } = require('./services/packages');
const { dim, green, print, red, whileShowing } = require('./terminal');

/** @typedef {import('./model/check').Checked} Checked */

const help = `npm run model: checks every state of the protocol's model, with all its faults

Checks in docs/model/protocol.pml that the protocol holds, and that it fails without each of its guards. Takes about a
minute. Installs Spin and a C compiler if that is possible.

  --json    for programs: prints { ok, states, checks }; the text for people goes to standard error.
            npm run --silent model -- --json prints nothing else
  --help

Exit code 0 if every check has the expected verdict, 1 otherwise, 2 for wrong usage.`;

/** The programs that the checks need, and their Debian packages. */
const programs = ['spin', 'gcc'];
const packages = ['spin', 'gcc', 'libc6-dev'];

/** @type {Checked[]} */
const done = [];

/**
 * Checks that the model of the protocol holds with all its faults, and that it fails without each of its guards.
 * @param {string} directory
 * @returns {Promise<number>}
 */
async function checkModel(directory) {
  await preparePrograms(directory);
  const waiting = variants.entries();
  const work = async () => {
    for (const [number, variant] of waiting) {
      const checked = await check(variant, path.join(directory, String(number)));
      done.push(checked);
      print(line(checked));
    }
  };
  await whileShowing(
    () => `${done.length} of ${variants.length} checks`,
    () => Promise.all(Array.from({ length: availableParallelism() }, work)),
  );
  const unexpected = done.filter((checked) => !isExpected(checked));
  print(
    `\n${done.length} checks, ${allStates().toLocaleString('en')} states, ${unexpected.length} not as expected`,
  );
  return unexpected.length === 0 ? EXIT.done : EXIT.failed;
}

function allStates() {
  return done.reduce((sum, { states }) => sum + states, 0);
}

/** @param {Checked} checked */
function isExpected({ variant, verdict }) {
  return variant.expected === verdict;
}

/** @param {string} directory */
async function preparePrograms(directory) {
  const isComplete = () => programs.every((name) => findProgram(name) !== undefined);
  if (isComplete()) return;
  await offerPackages(packages, directory);
  if (isComplete()) return;
  throw new Error(
    [
      'Spin and a C compiler are needed but not installed. Choose one:',
      `  Debian, Ubuntu   sudo apt-get install ${packages.join(' ')}`,
      '  macOS            brew install spin',
      '  elsewhere        https://spinroot.com, and gcc',
    ].join('\n'),
  );
}

/** @param {Checked} checked */
function line(checked) {
  const { variant, verdict, states, seconds } = checked;
  const columns = [
    isExpected(checked) ? green('✓') : red('✗'),
    variant.name.padEnd(52),
    verdict.padEnd(16),
    states.toLocaleString('en').padStart(11),
    dim(`${seconds.toFixed(1)} s`),
    ...(isExpected(checked) ? [] : [red(`expected: ${variant.expected}`)]),
  ];
  return columns.join(' ');
}

/** The document of `--json`. */
function document() {
  const checks = done.map(({ variant, ...found }) => ({
    name: variant.name,
    expected: variant.expected,
    ...found,
  }));
  return { states: allStates(), checks };
}

const { values } = readArguments({ help, options: { json: { type: 'boolean' } } });
void runCommand({
  kind: 'model',
  title: 'docs/model/protocol.pml: verdict, states, time',
  work: checkModel,
  ...(values.json && { document }),
});
