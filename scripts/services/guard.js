'use strict';

const { spawn } = require('node:child_process');
const { Socket } = require('node:net');

/**
 * @typedef {object} Guard
 * @property {() => void} release ends the guard without its command being run
 */

/**
 * Runs a command when this process dies, however it dies: the guard waits at the other end of a pipe, which the
 * operating system closes even after SIGKILL. It is a shell and costs next to nothing.
 * @param {string[]} command
 * @returns {Guard}
 */
function guardWith(command) {
  const shell = spawn('/bin/sh', ['-c', 'read -r released || "$@"', 'guard', ...command], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without a guard the next run still finds the leftovers, so its failure is not this run's.
  shell.on('error', () => undefined);
  shell.unref();
  const { stdin } = shell;
  stdin.on('error', () => undefined);
  if (stdin instanceof Socket) stdin.unref();
  return { release: () => void stdin.end('released\n') };
}

module.exports = { guardWith };
