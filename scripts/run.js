'use strict';

const { readdirSync, statSync } = require('node:fs');
const { constants } = require('node:os');
const path = require('node:path');
const { EXIT, printDocument } = require('./command-line');
const { bold, dim, print, red } = require('./terminal');
const { stopEverything } = require('./services/running');
const { openRun, removeRun } = require('./services/runs');

/** @typedef {{ exitCode: number, failure?: string, interruptedBy?: NodeJS.Signals }} Outcome */

/**
 * @typedef {object} Command
 * @property {string} kind names the run's folder
 * @property {string} [title]
 * @property {(directory: string) => Promise<number>} work answers the exit code
 * @property {() => object} [document] for `--json`: what is printed last, with `ok` and, when there is one, `error`
 * @property {() => void} [farewell] prints the last words, when everything has been stopped
 * @property {number} [interruptedCode] exit code after Ctrl-C; by default what shells expect, 128 and the signal's number
 */

/** @type {NodeJS.Signals[]} */
const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * The frame of every command: a folder of its own, and whatever happens (success, failure, Ctrl-C), everything
 * that was started is stopped before the process ends.
 * @param {Command} command
 */
async function runCommand({ kind, title, work, document, farewell, interruptedCode }) {
  // A reader that goes away early, such as `head`, is no reason to leave servers behind.
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
  farewell?.();
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
    return { exitCode: EXIT.failed, failure: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Signals reach this process when npm gets them because package.json starts the scripts with `exec`: a shell in between
 * would die of them and leave the script running.
 * @param {number} [exitCode]
 * @returns {Promise<Outcome>}
 */
function interruption(exitCode) {
  return new Promise((resolve) => {
    for (const signal of stopSignals) {
      // On a terminal npm passes Ctrl-C on although it has arrived already: the first one counts, the others are no haste.
      process.on(signal, () =>
        resolve({ exitCode: exitCode ?? 128 + constants.signals[signal], interruptedBy: signal }),
      );
    }
  });
}

module.exports = { runCommand };
