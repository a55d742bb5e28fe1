'use strict';

const { spawn } = require('node:child_process');
const { Socket } = require('node:net');

/**
 * @typedef {object} Guard
 * @property {() => void} release ends the guard without running its command
 */

/**
 * Runs a command when this process dies for any reason: the guard, a small shell, waits at the other end of a pipe, which
 * the operating system closes even after SIGKILL.
 * @param {string[]} command
 * @returns {Guard}
 */
function guardWith(command) {
  const shell = spawn('/bin/sh', ['-c', 'read -r released || "$@"', 'guard', ...command], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // If the guard fails, the next run still ends the leftovers, so this run need not fail.
  shell.on('error', () => undefined);
  shell.unref();
  const { stdin } = shell;
  stdin.on('error', () => undefined);
  if (stdin instanceof Socket) stdin.unref();
  return { release: () => void stdin.end('released\n') };
}

module.exports = { guardWith };
