'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const { setTimeout: pause } = require('node:timers/promises');
const { statOnLinux, trySignal } = require('./leftovers');

/**
 * A process that has not ended.
 * @typedef {object} Process
 * @property {number} pid
 * @property {number} parent
 * @property {string} state a letter; T: stopped
 */

const lookAgainMs = 5;

/**
 * Suspends a process and its children. For programs whose children lead process groups of their own.
 * @param {number} parent
 * @returns {Promise<number[]>} the ids of its children
 */
async function freezeFamily(parent) {
  // The parent first: while it is stopped, it starts no others.
  await signalUntilNone('SIGSTOP', () => processes(({ pid, state }) => pid === parent && state !== 'T'));
  await signalUntilNone('SIGSTOP', () => childrenOf(parent).filter(({ state }) => state !== 'T'));
  return childrenOf(parent).map(({ pid }) => pid);
}

/** @param {number} parent */
function thawFamily(parent) {
  for (const { pid } of childrenOf(parent)) trySignal(pid, 'SIGCONT');
  trySignal(parent, 'SIGCONT');
}

/**
 * Kills the children of a process, and leaves it stopped.
 * @param {number} parent
 */
async function killChildren(parent) {
  await freezeFamily(parent);
  await signalUntilNone('SIGKILL', () => childrenOf(parent));
}

/**
 * @param {NodeJS.Signals} signal
 * @param {() => Process[]} list
 */
async function signalUntilNone(signal, list) {
  for (let found = list(); found.length > 0; found = list()) {
    for (const { pid } of found) trySignal(pid, signal);
    await pause(lookAgainMs);
  }
}

/** @param {number} parent */
const childrenOf = (parent) => processes((candidate) => candidate.parent === parent);

/**
 * @param {(candidate: Process) => boolean} isWanted
 * @returns {Process[]}
 */
function processes(isWanted) {
  const all = process.platform === 'linux' ? processesOnLinux() : processesByPs();
  return all.filter((candidate) => candidate.state !== 'Z' && isWanted(candidate));
}

/** @returns {Process[]} */
function processesOnLinux() {
  const ids = fs.readdirSync('/proc').map(Number).filter(Number.isInteger);
  return ids.flatMap((pid) => {
    try {
      const [state = '', parent] = statOnLinux(pid);
      return [{ pid, parent: Number(parent), state }];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

/** @returns {Process[]} */
function processesByPs() {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,state='], { encoding: 'utf8' })
    .trim()
    .split('\n');
  return lines.map((line) => {
    const [pid, parent, state = ''] = line.trim().split(/\s+/);
    return { pid: Number(pid), parent: Number(parent), state: state.charAt(0) };
  });
}

module.exports = { childrenOf, freezeFamily, killChildren, thawFamily };
