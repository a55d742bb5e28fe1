'use strict';

const fs = require('node:fs');
const { childrenOf } = require('../scripts/services/children');
const { statOnLinux } = require('../scripts/services/leftovers');
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
 * The same for a process with its children, also those that have ended, such as a PostgreSQL with its connections.
 * @param {number} parent
 */
function familyCpuMicroseconds(parent) {
  try {
    const running = childrenOf(parent).map(({ pid }) => cpuMicroseconds([pid]));
    // One that has ended meanwhile is unknown, and counts among the ended ones.
    const known = running.filter((microseconds) => !Number.isNaN(microseconds));
    return cpuMicroseconds([parent]) + sum(known) + endedChildrenMicroseconds(parent);
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
  const fields = statOnLinux(pid);
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROSECONDS;
}

/** @param {number} pid */
function endedChildrenMicroseconds(pid) {
  const fields = statOnLinux(pid);
  return (Number(fields[13]) + Number(fields[14])) * TICK_MICROSECONDS;
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

/**
 * The parent of a process of this machine; undefined if it is unknown.
 * @param {number} pid
 */
function parentOf(pid) {
  try {
    return Number(statOnLinux(pid)[1]);
  } catch {
    return undefined;
  }
}

module.exports = { cpuMicroseconds, familyCpuMicroseconds, parentOf, runs };
