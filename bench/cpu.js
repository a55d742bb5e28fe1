'use strict';

const fs = require('node:fs');
const { sum } = require('./statistics');

/** The unit of the times in `/proc/<pid>/stat`: a hundredth of a second. */
const TICK_MICROSECONDS = 10_000;

/**
 * The CPU time in microseconds that processes have used until now; NaN if it is unknown, such as without `/proc`, or with
 * servers on another machine.
 * @param {number[]} pids
 */
function cpuMicroseconds(pids) {
  if (pids.length === 0) return NaN;
  try {
    return sum(pids.map((pid) => scheduledMicroseconds(pid) || tickedMicroseconds(pid)));
  } catch {
    return NaN;
  }
}

/**
 * Exact, by the threads of the process; 0 if the kernel does not count it.
 * @param {number} pid
 */
function scheduledMicroseconds(pid) {
  const threads = fs.readdirSync(`/proc/${pid}/task`);
  return sum(threads.map((thread) => nanosecondsOf(`/proc/${pid}/task/${thread}/schedstat`))) / 1_000;
}

/** @param {string} file */
function nanosecondsOf(file) {
  return fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8').split(' ')[0]) : 0;
}

/** @param {number} pid */
function tickedMicroseconds(pid) {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in parentheses and may contain any character.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROSECONDS;
}

/**
 * Whether a process of this machine has this id and runs this program.
 * @param {number} pid
 * @param {string} program
 */
function runs(pid, program) {
  try {
    return fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === program;
  } catch {
    return false;
  }
}

module.exports = { cpuMicroseconds, runs };
