'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { endLeftovers, processStart } = require('./leftovers');

/** The folder of the project in which everything that runs keeps its data and logs; ignored by Git. */
const base = path.resolve(__dirname, '../../.run');
const runName = /^(?<kind>[a-z]+)-(?<pid>\d+)-(?<startedAt>\d+)-\d+$/;
let opened = 0;

/**
 * Makes a fresh folder, which nobody else uses, and clears away those of runs that are over: what an
 * interrupted run left running is ended, and its data removed.
 * @param {string} kind what runs: demo, start, test
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
    removeRun(directory);
  }
}

/** @param {string} directory */
function removeRun(directory) {
  try {
    fs.rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  } catch {
    // Another user's run, or a program that is just ending and still writes: the next run tries again.
  }
}

module.exports = { openRun, removeRun };
