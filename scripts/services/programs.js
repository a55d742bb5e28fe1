'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { guardWith } = require('./guard');
const { forget, processStart, remember, trySignal } = require('./leftovers');
const { assertMayStart, register, unregister } = require('./running');

/**
 * @typedef {object} ProgramOptions
 * @property {string} name of the log file, and of the program in messages
 * @property {string} command
 * @property {string[]} [args]
 * @property {NodeJS.ProcessEnv} [env] this process's own by default
 * @property {string} [cwd]
 * @property {{ uid: number, gid: number }} [user] whom it runs as, which only root can choose
 * @property {string} directory for its log
 * @property {number} [graceMs] time to end after `endSignal`; 0, the default, kills it at once
 * @property {NodeJS.Signals} [endSignal] asks it to end; default SIGTERM
 * @property {'log' | 'inherit' | ((line: string) => void)} [output] where its output goes: the log file (default),
 *   this process's own terminal, or line by line to a function as well as to the log file
 */

/**
 * @typedef {object} Exit
 * @property {number | null} code
 * @property {NodeJS.Signals | null} signal
 */

/**
 * @typedef {object} Program
 * @property {string} name
 * @property {number | undefined} pid undefined if the program could not be started
 * @property {Promise<Exit>} exited rejected if the program could not be started
 * @property {() => boolean} isRunning
 * @property {(signal: NodeJS.Signals) => void} signal to the program and everything that it started
 * @property {(graceMs?: number) => Promise<unknown>} stop `endSignal`, then SIGKILL after `graceMs`
 * @property {() => string} log the last lines that it printed
 */

/**
 * Starts a program in its own process group. The group ends with this process, even if this process is killed.
 * @param {ProgramOptions} options
 * @returns {Program}
 */
function startProgram(options) {
  const { name, command, args = [], env = process.env, cwd, user, directory, output = 'log' } = options;
  const { endSignal = 'SIGTERM' } = options;
  assertMayStart(name);
  const logFile = path.join(directory, `${name}.log`);
  const log = fs.openSync(logFile, 'a');
  const child = spawn(command, args, { cwd, env, ...user, detached: true, stdio: stdioFor(output, log) });
  fs.closeSync(log);
  if (typeof output === 'function' && child.stdout) readLines(child.stdout, { logFile, onLine: output });

  const { pid } = child;
  const exited = exitOf(child);
  const isRunning = () => pid !== undefined && child.exitCode === null && child.signalCode === null;
  /** @type {Program} */
  const program = {
    name,
    pid,
    exited,
    isRunning,
    signal: (signal) => {
      if (isRunning()) trySignal(-Number(pid), signal);
    },
    stop: async (graceMs = options.graceMs ?? 0) => {
      if (!isRunning()) return;
      if (graceMs > 0) await endGracefully(Number(pid), { endSignal, exited, graceMs });
      trySignal(-Number(pid), 'SIGKILL');
      await exited;
    },
    log: () => lastLines(logFile),
  };
  if (pid !== undefined) watchOver(program, { pid, directory });
  return program;
}

/**
 * @param {NonNullable<ProgramOptions['output']>} output
 * @param {number} log
 * @returns {import('node:child_process').StdioOptions}
 */
function stdioFor(output, log) {
  if (output === 'inherit') return 'inherit';
  return ['ignore', output === 'log' ? log : 'pipe', log];
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<Exit>}
 */
function exitOf(child) {
  /** @type {Promise<Exit>} */
  const exited = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  // A failed start is reported to callers that wait for the exit; it must not be an unhandled rejection for others.
  exited.catch(() => undefined);
  return exited;
}

/**
 * @param {import('node:stream').Readable} stream
 * @param {{ logFile: string, onLine: (line: string) => void }} target
 */
function readLines(stream, { logFile, onLine }) {
  createInterface({ input: stream }).on('line', (line) => {
    fs.appendFileSync(logFile, `${line}\n`);
    onLine(line);
  });
}

/**
 * Ensures in three ways that the program ends: it is stopped with the others, killed when this process dies, and ended by
 * the next run if it still exists.
 * @param {Program} program
 * @param {{ pid: number, directory: string }} where
 */
function watchOver(program, { pid, directory }) {
  const { name } = program;
  const startedAt = processStart(pid);
  if (startedAt !== undefined) remember(directory, name, { kind: 'process', pid, startedAt });
  const guard = guardWith(['kill', '-s', 'KILL', '--', `-${pid}`]);
  register(program);
  void program.exited.then(() => {
    guard.release();
    forget(directory, name);
    unregister(program);
  });
}

/**
 * Asks only the program to end, not its group: the program stops its own children in the right order.
 * @param {number} pid
 * @param {{ endSignal: NodeJS.Signals, exited: Promise<Exit>, graceMs: number }} options
 */
async function endGracefully(pid, { endSignal, exited, graceMs }) {
  trySignal(-pid, 'SIGCONT');
  trySignal(pid, endSignal);
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const timedOut = new Promise((resolve) => {
    timer = setTimeout(resolve, graceMs);
  });
  await Promise.race([exited, timedOut]);
  clearTimeout(timer);
}

/**
 * @param {string} file
 * @param {number} [count]
 */
function lastLines(file, count = 25) {
  return fs.readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
}

/**
 * Runs a program to its end; unless it exits with 0, throws an error with the last lines of its output.
 * @param {ProgramOptions} options
 */
async function runProgram(options) {
  const program = startProgram(options);
  const { code, signal } = await program.exited;
  if (code !== 0)
    throw new Error(`${options.name} failed (${signal ?? `exit code ${code}`}):\n${program.log()}`);
}

module.exports = { runProgram, startProgram };
