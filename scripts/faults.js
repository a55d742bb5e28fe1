'use strict';

require('./node-version');
const path = require('node:path');
const { bootstrap, root } = require('./bootstrap');
const { EXIT } = require('./command-line');
const { runCommand } = require('./run');
const { prepareServers } = require('./services');
const { postgresql, serviceKinds } = require('./services/kinds');
const { startProgram } = require('./services/programs');

/** The first argument is the program, given by package.json; the others are passed to it. */
const [program = '', ...args] = process.argv.slice(2);
const hook = path.join(root, 'scripts/typescript.js');
// Time to stop its servers and consumers gracefully.
const graceMs = 20_000;

/**
 * Installs and builds what is missing, then runs the program that tests the service under faults.
 * @param {string} directory
 * @returns {Promise<number>}
 */
async function faults(directory) {
  await prepareServers(directory, [...serviceKinds, postgresql]);
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

/** @typedef {{ readOptions: (args: string[]) => unknown }} Options the module `options.js` in the folder of each program */
const { readOptions } = /** @type {Options} */ (require(path.join(root, program, '../options.js')));
readOptions(args);
void runCommand({ kind: 'faults', work: faults });
