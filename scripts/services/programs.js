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
 * @property {string} name names its log file, and the program in messages
 * @property {string} command
 * @property {string[]} [args]
 * @property {NodeJS.ProcessEnv} [env] this process's own by default
 * @property {string} [cwd]
 * @property {string} directory where its log goes
 * @property {number} [graceMs] how long it may take to end after SIGTERM; 0, the default, kills it at once
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
 * @property {Promise<Exit>} exited rejected when the program could not be started at all
 * @property {() => boolean} isRunning
 * @property {(signal: NodeJS.Signals) => void} signal to the program and all that it started
 * @property {(graceMs?: number) => Promise<unknown>} stop SIGTERM, then SIGKILL when it takes longer than its grace
 * @property {() => string} log the last lines that it printed
 */

/**
 * Starts a program in a process group of its own, which ends with this process, however this process ends.
 * @param {ProgramOptions} options
 * @returns {Program}
 */
function startProgram(options) {
  const { name, command, args = [], env = process.env, cwd, directory, output = 'log' } = options;
  assertMayStart(name);
  const logFile = path.join(directory, `${name}.log`);
  const log = fs.openSync(logFile, 'a');
  const child = spawn(command, args, { cwd, env, detached: true, stdio: stdioFor(output, log) });
  fs.closeSync(log);
  if (typeof output === 'function' && child.stdout) readLines(child.stdout, { logFile, onLine: output });

  const { pid } = child;
  const exited = exitOf(child);
  const isRunning = () => pid !== undefined && child.exitCode === null && child.signalCode === null;
  /** @type {Program} */
  const program = {
    name,
    exited,
    isRunning,
    signal: (signal) => {
      if (isRunning()) trySignal(-Number(pid), signal);
    },
    stop: async (graceMs = options.graceMs ?? 0) => {
      if (!isRunning()) return;
      if (graceMs > 0) await endGently(Number(pid), { exited, graceMs });
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
  // Whoever waits for the exit hears of a failed start; nobody has to.
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
 * Three nets below a program: it is stopped with the others, killed when this process dies, and found by the next run.
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
 * Asks the program alone to end, and not its group: it knows in which order to stop what it started.
 * @param {number} pid
 * @param {{ exited: Promise<Exit>, graceMs: number }} patience
 */
async function endGently(pid, { exited, graceMs }) {
  trySignal(-pid, 'SIGCONT');
  trySignal(pid, 'SIGTERM');
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const outOfPatience = new Promise((resolve) => {
    timer = setTimeout(resolve, graceMs);
  });
  await Promise.race([exited, outOfPatience]);
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
 * Runs a program to its end, and fails with what it printed unless it ends with 0.
 * @param {ProgramOptions} options
 */
async function runProgram(options) {
  const program = startProgram(options);
  const { code, signal } = await program.exited;
  if (code !== 0)
    throw new Error(`${options.name} failed (${signal ?? `exit code ${code}`}):\n${program.log()}`);
}

module.exports = { runProgram, startProgram };
