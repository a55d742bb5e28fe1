'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseJson } = require('../json');

/**
 * A note about a started program, so that a later run can end it if this run is interrupted.
 * @typedef {{ kind: 'process', pid: number, startedAt: string } | { kind: 'container', name: string }} Leftover
 */

const suffix = '.leftover.json';

/**
 * The start time of the process with this id, as an opaque text; `undefined` if there is no such process. Process ids are
 * reused, so only id and start time together identify a process.
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
  // The second field is the program's name in parentheses and may contain any character; the others are numbers and letters.
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
 * Sends a signal to a process, or to a process group by its negative number, if it still exists.
 * @param {number} target
 * @param {NodeJS.Signals} signal
 */
function trySignal(target, signal) {
  try {
    process.kill(target, signal);
  } catch {
    // It has already ended.
  }
}

/**
 * Notes that a program of this project runs.
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
 * Ends the programs that an interrupted run left running, according to its notes in this directory.
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
 * Searches only down to the servers' folders: their contents may change during the search.
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
 * @returns {Leftover | undefined} undefined if the run was interrupted while it wrote the file
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
  // A different start time means that the id now belongs to an unrelated process. If there is no process, the group's
  // leader is dead; the system does not reuse the id while the group has members, so any members belong to our program.
  if (current === undefined || current === startedAt) trySignal(-pid, 'SIGKILL');
}

/** @param {{ name: string }} leftover */
function endContainer({ name }) {
  try {
    execFileSync('docker', ['rm', '--force', '--volumes', name], { stdio: 'ignore', timeout: 30_000 });
  } catch {
    // The engine has stopped and the container with it, or the container was already removed.
  }
}

module.exports = { endLeftovers, forget, processStart, remember, trySignal };
