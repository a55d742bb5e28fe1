'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseJson } = require('../json');

/**
 * What is written down about a program before it can be lost sight of, so that a later run can end it.
 * @typedef {{ kind: 'process', pid: number, startedAt: string } | { kind: 'container', name: string }} Leftover
 */

const suffix = '.leftover.json';

/**
 * When the process with this id started, as an opaque text; `undefined` when there is none. Together with the id it
 * names one process for good, although ids are used again.
 * @param {number} pid
 * @returns {string | undefined}
 */
function processStart(pid) {
  try {
    return process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid);
  } catch {
    return undefined;
  }
}

/** @param {number} pid */
function startOnLinux(pid) {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in parentheses and may hold anything; the others are plain.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  return state === 'Z' ? undefined : fields[19];
}

/** @param {number} pid */
function startByPs(pid) {
  const text = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return String(Date.parse(text));
}

/**
 * Sends a signal to a process, or to a process group by its negative number, if it is still there.
 * @param {number} target
 * @param {NodeJS.Signals} signal
 */
function trySignal(target, signal) {
  try {
    process.kill(target, signal);
  } catch {
    // Gone already, which is what an ending wants and a freezing cannot change.
  }
}

/**
 * Writes down that a program of ours runs.
 * @param {string} directory
 * @param {string} name
 * @param {Leftover} leftover
 */
function remember(directory, name, leftover) {
  fs.writeFileSync(path.join(directory, name + suffix), JSON.stringify(leftover));
}

/**
 * @param {string} directory
 * @param {string} name
 */
function forget(directory, name) {
  fs.rmSync(path.join(directory, name + suffix), { force: true });
}

/**
 * Ends what an interrupted run left running, by what it wrote down under this directory.
 * @param {string} directory
 */
function endLeftovers(directory) {
  for (const file of leftoverFiles(directory)) {
    const leftover = readLeftover(file);
    if (leftover?.kind === 'process') endProcess(leftover);
    if (leftover?.kind === 'container') endContainer(leftover);
  }
}

/**
 * Looks no deeper than a run puts its servers' folders: what they keep inside changes while one looks.
 * @param {string} directory
 * @param {number} [depth]
 * @returns {string[]}
 */
function leftoverFiles(directory, depth = 3) {
  return fs.readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const entryPath = path.join(directory, entry.name);
    if (entry.isDirectory()) return depth > 1 ? leftoverFiles(entryPath, depth - 1) : [];
    return entry.name.endsWith(suffix) ? [entryPath] : [];
  });
}

/**
 * @param {string} file
 * @returns {Leftover | undefined} undefined when the run was interrupted while it wrote the file
 */
function readLeftover(file) {
  try {
    return /** @type {Leftover} */ (parseJson(fs.readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** @param {{ pid: number, startedAt: string }} leftover */
function endProcess({ pid, startedAt }) {
  const current = processStart(pid);
  // Another start means that the id has gone to somebody else's process. No process at all means that the group's
  // leader is dead; its members, if any, keep the id from being used again and so are still ours.
  if (current === undefined || current === startedAt) trySignal(-pid, 'SIGKILL');
}

/** @param {{ name: string }} leftover */
function endContainer({ name }) {
  try {
    execFileSync('docker', ['rm', '--force', '--volumes', name], { stdio: 'ignore', timeout: 30_000 });
  } catch {
    // The engine is gone, and the container with it; or the container was removed already.
  }
}

module.exports = { endLeftovers, forget, processStart, remember, trySignal };
