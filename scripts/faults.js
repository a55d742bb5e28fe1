'use strict';

require('./node-version');
const path = require('node:path');
const { bootstrap, root } = require('./bootstrap');
const { runCommand } = require('./run');
const { prepareServers } = require('./services');
const { startProgram } = require('./services/programs');

const hook = path.join(root, 'scripts/typescript.js');
// Time to end its servers and consumers in order.
const graceMs = 20_000;

/**
 * Brings a fresh clone to where the service can be tested under faults, then runs the program that does it: the first
 * argument of the command; the others go to it.
 * @param {string} directory
 * @returns {Promise<number>}
 */
async function faults(directory) {
  await prepareServers(directory);
  await bootstrap(directory);
  const program = startProgram({
    name: 'faults',
    command: process.execPath,
    args: ['--enable-source-maps', '--require', hook, ...process.argv.slice(2)],
    cwd: root,
    directory,
    output: 'inherit',
    graceMs,
  });
  const { code } = await program.exited;
  return code ?? 1;
}

void runCommand({ kind: 'faults', work: faults });
