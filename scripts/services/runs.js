'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { endLeftovers, processStart, removeFolder } = require('./leftovers');

/** The project's folder for data and logs of all runs; ignored by Git. */
const base = path.resolve(__dirname, '../../.run');
const runName = /^(?<kind>[a-z]+)-(?<pid>\d+)-(?<startedAt>\d+)-\d+$/;
let opened = 0;

/**
 * Creates a new folder for this run, and cleans up after finished runs: ends the programs that an interrupted run left
 * running, and removes its data.
 * @param {string} kind the command: demo, start, test
 * @returns {string} the folder's path
 */
function openRun(kind) {
  fs.mkdirSync(base, { recursive: true });
  clearFinishedRuns();
  const directory = path.join(base, `${kind}-${process.pid}-${processStart(process.pid)}-${++opened}`);
  fs.mkdirSync(directory);
  return directory;
}

function clearFinishedRuns() {
  for (const entry of fs.readdirSync(base)) {
    const { pid, startedAt } = runName.exec(entry)?.groups ?? {};
    if (pid === undefined || processStart(Number(pid)) === startedAt) continue;
    const directory = path.join(base, entry);
    endLeftovers(directory);
    removeFolder(directory);
  }
}

module.exports = { openRun, removeRun: removeFolder };
