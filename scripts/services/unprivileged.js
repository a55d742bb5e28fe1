'use strict';

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { forget, remember, removeFolder } = require('./leftovers');
const { register, unregister } = require('./running');

/** @typedef {{ uid: number, gid: number }} User */

/**
 * @typedef {object} DataFolder
 * @property {string} path
 * @property {() => void} remove call it if the folder is not needed any more; otherwise it is removed with the run
 */

// Debian's package makes the first one; every system has the second one.
const names = ['postgres', 'nobody'];

/**
 * The user for a program that refuses to run as root; undefined if this process does not run as root.
 * @returns {User | undefined}
 */
function unprivilegedUser() {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of names) {
    const uid = idOf('-u', name);
    const gid = idOf('-g', name);
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new Error(
    `This program may not run as root, and there is no user ${names.join(' or ')} for it. Add one.`,
  );
}

/**
 * @param {'-u' | '-g'} option
 * @param {string} name
 */
function idOf(option, name) {
  try {
    return Number(
      execFileSync('id', [option, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    );
  } catch {
    return undefined;
  }
}

/**
 * A folder for the data of a program that runs as this user. It is in the program's own folder, or, if the user cannot
 * enter that (a project in the home of root), among the temporary files of this machine.
 * @param {string} directory
 * @param {User | undefined} user
 * @returns {DataFolder}
 */
function dataFolder(directory, user) {
  if (user && !canEnter(user, directory)) return temporaryFolder(directory, user);
  const folder = path.join(directory, 'data');
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (user) fs.chownSync(folder, user.uid, user.gid);
  return { path: folder, remove: () => undefined };
}

/**
 * @param {User} user
 * @param {string} directory
 */
function canEnter(user, directory) {
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', directory], { ...user, cwd: '/' }).status === 0;
}

/**
 * @param {string} directory where the folder is noted for a later run
 * @param {User} user
 * @returns {DataFolder}
 */
function temporaryFolder(directory, user) {
  const name = 'data';
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'payment-consumer-'));
  remember(directory, name, { kind: 'folder', path: folder });
  fs.chownSync(folder, user.uid, user.gid);
  const remove = () => {
    removeFolder(folder);
    forget(directory, name);
    unregister(registered);
  };
  const registered = { name, stop: async () => remove() };
  register(registered);
  return { path: folder, remove };
}

module.exports = { dataFolder, unprivilegedUser };
