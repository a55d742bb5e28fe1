'use strict';

const { execFileSync } = require('node:child_process');
const path = require('node:path');
const terminal = require('../terminal');
const { findProgram } = require('./machine');
const { runProgram } = require('./programs');
const { messageOf } = require('../message-of');

const installer = path.join(__dirname, 'install-packages.sh');
// The package manager must not be killed in the middle of its work.
const graceMs = 120_000;

/**
 * The prefix that runs a command as root: empty for root, `undefined` if a password would be needed.
 * @returns {string[] | undefined}
 */
function asRoot() {
  if (process.getuid?.() === 0) return [];
  const sudo = findProgram('sudo');
  if (!sudo) return undefined;
  try {
    execFileSync(sudo, ['-n', 'true'], { stdio: 'ignore' });
    return [sudo, '-n'];
  } catch {
    return undefined;
  }
}

/**
 * Installs Debian packages if that is possible and permitted; on a terminal it asks first.
 * @param {string[]} names
 * @param {string} directory for the log
 */
async function offerPackages(names, directory) {
  const prefix = findProgram('apt-get') ? asRoot() : undefined;
  if (!prefix) return;
  const question = `Install Debian's packages ${names.join(' and ')}?`;
  if (terminal.canAsk() && !(await terminal.confirm(question))) return;
  const [command = '/bin/sh', ...args] = [...prefix, '/bin/sh', installer, ...names];
  const install = () => runProgram({ name: 'apt-get', command, args, directory, graceMs });
  try {
    await terminal.step(`Debian packages ${names.join(', ')}`, install);
  } catch (error) {
    // The caller tries other ways to get the servers.
    terminal.print(terminal.yellow(messageOf(error)));
  }
}

module.exports = { offerPackages };
