'use strict';

require('./node-version');
const { bootstrap } = require('./bootstrap');
const { openRun, removeRun } = require('./services/runs');
const { speakOnStderr } = require('./terminal');

/** Brings a fresh clone to where the program can run, then is the program. */
async function main() {
  // Standard output is the program's alone.
  speakOnStderr();
  const directory = openRun('dead-letters');
  await bootstrap(directory);
  removeRun(directory);
  require('../dist/dead-letters/main.js');
}

main().catch((/** @type {unknown} */ error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
