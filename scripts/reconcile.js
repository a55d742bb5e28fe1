'use strict';

require('./node-version');
const { bootstrap } = require('./bootstrap');
const { openRun, removeRun } = require('./services/runs');
const { speakOnStderr } = require('./terminal');

/** Brings a fresh clone to where the program can run, then is the program. */
async function main() {
  // Standard output is the program's alone.
  speakOnStderr();
  const directory = openRun('reconcile');
  await bootstrap(directory);
  removeRun(directory);
  require('../dist/reconciliation/main.js');
}

main().catch((/** @type {unknown} */ error) => {
  console.error(error instanceof Error ? error.message : error);
  // As when the program itself could not check: 1 means that a payment is broken.
  process.exitCode = 2;
});
