'use strict';

require('./node-version');
const path = require('node:path');
const { bootstrap, root } = require('./bootstrap');
const { EXIT } = require('./command-line');
const { runCommand } = require('./run');
const { prepareServers } = require('./services');
const { startProgram } = require('./services/programs');

/** The first argument is the program that package.json names; the others go to it. */
const [program = '', ...args] = process.argv.slice(2);
const hook = path.join(root, 'scripts/typescript.js');
// Time to end its servers and consumers in order.
const graceMs = 20_000;

/**
 * Brings a fresh clone to where the service can be tested under faults, then runs the program that does it.
 * @param {string} directory
 * @returns {Promise<number>}
 */
async function faults(directory) {
  await prepareServers(directory);
  await bootstrap(directory);
  const { exited } = startProgram({
    name: 'faults',
    command: process.execPath,
    args: ['--enable-source-maps', '--require', hook, program, ...args],
    cwd: root,
    directory,
    output: 'inherit',
    graceMs,
  });
  const { code } = await exited;
  return code ?? EXIT.failed;
}

/** @typedef {{ readOptions: (args: string[]) => unknown }} Options what stands beside each of the programs */
const { readOptions } = /** @type {Options} */ (require(path.join(root, program, '../options.js')));
readOptions(args);
void runCommand({ kind: 'faults', work: faults });
