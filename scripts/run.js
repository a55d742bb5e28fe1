'use strict';

const { readdirSync, statSync } = require('node:fs');
const { constants } = require('node:os');
const path = require('node:path');
const { EXIT, printDocument } = require('./command-line');
const { bold, dim, print, red } = require('./terminal');
const { stopEverything } = require('./services/running');
const { openRun, removeRun } = require('./services/runs');
const { messageOf } = require('./message-of');

/** @typedef {{ exitCode: number, failure?: string, interruptedBy?: NodeJS.Signals }} Outcome */

/**
 * @typedef {object} Command
 * @property {string} kind part of the name of the run's folder
 * @property {string} [title]
 * @property {(directory: string) => Promise<number>} work returns the exit code
 * @property {() => object} [document] for `--json`: is printed last, with `ok` and, if there is one, `error`
 * @property {() => void} [afterStop] called when everything has been stopped, to print a last line
 * @property {number} [interruptedCode] exit code after Ctrl-C; by default 128 plus the signal's number, as shells expect
 */

/** @type {NodeJS.Signals[]} */
const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a command in a folder of its own. Whatever happens (success, failure, Ctrl-C), everything that was started is
 * stopped before the process ends.
 * @param {Command} command
 */
async function runCommand({ kind, title, work, document, afterStop, interruptedCode }) {
  // A reader that stops early, such as `head`, must not leave servers running.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const directory = openRun(kind);
  if (title) print(`${bold(title)}\n`);
  const { exitCode, failure, interruptedBy } = await Promise.race([
    finish(work, directory),
    interruption(interruptedCode),
  ]);
  if (failure !== undefined) print(`${red('✗')} ${failure}`);
  if (interruptedBy) print(dim(`${interruptedBy}: stopping`));
  await stopEverything();
  const hasLogs = readdirSync(directory).some((name) => statSync(path.join(directory, name)).size > 0);
  if (exitCode === 0 || interruptedBy || !hasLogs) removeRun(directory);
  else print(dim(`Logs are in ${directory} until the next run.`));
  afterStop?.();
  if (document) {
    const error = failure ?? (interruptedBy && `ended by ${interruptedBy}`);
    await printDocument({ ok: exitCode === EXIT.done, ...(error && { error }), ...document() });
  }
  process.exit(exitCode);
}

/**
 * @param {Command['work']} work
 * @param {string} directory
 * @returns {Promise<Outcome>}
 */
async function finish(work, directory) {
  try {
    return { exitCode: await work(directory) };
  } catch (error) {
    return { exitCode: EXIT.failed, failure: messageOf(error) };
  }
}

/**
 * Signals to npm reach this process because package.json starts the scripts with `exec`: a shell in between would die and
 * leave the script running.
 * @param {number} [exitCode]
 * @returns {Promise<Outcome>}
 */
function interruption(exitCode) {
  return new Promise((resolve) => {
    for (const signal of stopSignals) {
      // On a terminal npm forwards a Ctrl-C that has already arrived here: only the first signal counts.
      process.on(signal, () =>
        resolve({ exitCode: exitCode ?? 128 + constants.signals[signal], interruptedBy: signal }),
      );
    }
  });
}

module.exports = { runCommand };
