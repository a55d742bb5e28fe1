'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseJson } = require('../json');

/**
 * A note about a started program, so that a later run can end it if this run is interrupted, or about a folder outside of
 * the run's own, so that a later run can remove it.
 * @typedef {{ kind: 'process', pid: number, startedAt: string } | { kind: 'container', name: string }
 *   | { kind: 'folder', path: string }} Leftover
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
  const fields = statOnLinux(pid);
  const [state] = fields;
  return state === 'Z' ? undefined : fields[19];
}

/**
 * What Linux says about a process, from its state (a letter) and its parent's id on.
 * @param {number} pid
 */
function statOnLinux(pid) {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in parentheses and may contain any character; the others are numbers and letters.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
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
 * Notes that a program of this project runs or a folder exists.
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
 * Ends the programs that an interrupted run left running, according to its notes in this directory, and then removes the
 * folders that they used.
 * @param {string} directory
 */
function endLeftovers(directory) {
  const leftovers = leftoverFiles(directory).map(readLeftover);
  for (const leftover of leftovers) {
    if (leftover?.kind === 'process') endProcess(leftover);
    if (leftover?.kind === 'container') endContainer(leftover);
  }
  for (const leftover of leftovers) if (leftover?.kind === 'folder') removeFolder(leftover.path);
}

/**
 * Searches only down to the servers' folders: their contents may change during the search.
 * @param {string} directory
 * @param {number} [depth]
 * @returns {string[]}
 */
function leftoverFiles(directory, depth = 3) {
  return readFolder(directory).flatMap((entry) => {
    const entryPath = path.join(directory, entry.name);
    if (entry.isDirectory()) return depth > 1 ? leftoverFiles(entryPath, depth - 1) : [];
    return entry.name.endsWith(suffix) ? [entryPath] : [];
  });
}

/** @param {string} directory */
function readFolder(directory) {
  try {
    return fs.readdirSync(directory, { withFileTypes: true });
  } catch {
    // The data of a server that ran as another user.
    return [];
  }
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

/** @param {string} folder */
function removeFolder(folder) {
  try {
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  } catch {
    // The folder belongs to another user, or an ending program still writes to it: the next run tries again.
  }
}

module.exports = { endLeftovers, forget, processStart, remember, removeFolder, statOnLinux, trySignal };
