'use strict';

require('./node-version');
const { bootstrap } = require('./bootstrap');
const { openRun, removeRun } = require('./services/runs');
const { printToStderr } = require('./terminal');
const { messageOf } = require('./message-of');

/** Installs and builds what is missing, then runs the program in this process. */
async function main() {
  // Only the program itself may write to standard output.
  printToStderr();
  const directory = openRun('ledger');
  await bootstrap(directory);
  removeRun(directory);
  require('../dist/operations/ledger/main.js');
}

main().catch((/** @type {unknown} */ error) => {
  console.error(messageOf(error));
  process.exitCode = 1;
});
