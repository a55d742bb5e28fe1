'use strict';

require('./node-version');
const { availableParallelism } = require('node:os');
const path = require('node:path');
const { check } = require('./model/check');
const { variants } = require('./model/variants');
const { runCommand } = require('./run');
const { findProgram } = require('./services/machine');
const { offerPackages } = require('./services/packages');
const { dim, green, print, red } = require('./terminal');

/** @typedef {import('./model/check').Checked} Checked */

/** What the checks need, and the Debian packages that have it. */
const programs = ['spin', 'gcc'];
const packages = ['spin', 'gcc', 'libc6-dev'];

/**
 * Checks the model of the protocol with all its faults, and that each guard that is taken away is missed.
 * @param {string} directory
 * @returns {Promise<number>}
 */
async function checkModel(directory) {
  await preparePrograms(directory);
  const waiting = variants.entries();
  /** @type {Checked[]} */
  const done = [];
  const work = async () => {
    for (const [number, variant] of waiting) {
      const checked = await check(variant, path.join(directory, String(number)));
      done.push(checked);
      print(line(checked));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  const unexpected = done.filter(({ variant, verdict }) => variant.expected !== verdict);
  const states = done.reduce((sum, checked) => sum + checked.states, 0);
  print(
    `\n${done.length} checks, ${states.toLocaleString('en')} states, ${unexpected.length} not as expected`,
  );
  return unexpected.length === 0 ? 0 : 1;
}

/** @param {string} directory */
async function preparePrograms(directory) {
  const isComplete = () => programs.every((name) => findProgram(name) !== undefined);
  if (isComplete()) return;
  await offerPackages(packages, directory);
  if (isComplete()) return;
  throw new Error(
    [
      'Spin and a C compiler are needed and not on this machine. One of these helps:',
      `  Debian, Ubuntu   sudo apt-get install ${packages.join(' ')}`,
      '  macOS            brew install spin',
      '  elsewhere        https://spinroot.com, and gcc',
    ].join('\n'),
  );
}

/** @param {Checked} checked */
function line({ variant, verdict, states, seconds }) {
  const isExpected = variant.expected === verdict;
  const columns = [
    isExpected ? green('✓') : red('✗'),
    variant.name.padEnd(52),
    verdict.padEnd(16),
    states.toLocaleString('en').padStart(11),
    dim(`${seconds.toFixed(1)} s`),
    ...(isExpected ? [] : [red(`expected: ${variant.expected}`)]),
  ];
  return columns.join(' ');
}

void runCommand({
  kind: 'model',
  title: 'docs/model/protocol.pml: verdict, states, time',
  work: checkModel,
});
