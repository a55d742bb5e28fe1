'use strict';

const events = require('node:events');
const { stderr, stdin, stdout } = require('node:process');
const { createInterface } = require('node:readline/promises');

/** @type {import('node:tty').WriteStream} */
let out = stdout;
const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const frameMs = 100;
/** Without a terminal: when long work is first reported, and after how much silence it is reported again. */
const quietMs = 2_000;
const silenceMs = 10_000;

/**
 * @typedef {object} Step
 * @property {() => string} label
 * @property {number} startedAtMs
 * @property {boolean} isReported
 */

/** @type {Set<Step>} */
const running = new Set();
/** @type {NodeJS.Timeout | undefined} */
let ticker;
let frame = 0;
let printedAtMs = 0;

/** For a command whose standard output is for programs: the text for people goes to standard error. */
function printToStderr() {
  out = stderr;
}

function isInteractive() {
  return Boolean(out.isTTY) && process.env.TERM !== 'dumb';
}

/** @param {number} code */
function paint(code) {
  /** @param {string} text */
  return (text) => (isInteractive() && !process.env.NO_COLOR ? `\u001b[${code}m${text}\u001b[0m` : text);
}

const bold = paint(1);
const dim = paint(2);
const red = paint(31);
const green = paint(32);
const yellow = paint(33);
const cyan = paint(36);

/** @param {number} sinceMs */
function elapsed(sinceMs) {
  return `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`;
}

function clearStatus() {
  if (isInteractive()) out.write('\r\u001b[K');
}

/** Prints whole lines above the status line. */
function print(text = '') {
  clearStatus();
  printedAtMs = Date.now();
  out.write(`${text}\n`);
}

function showStatus() {
  const [first] = running;
  if (!first) return;
  const labels = [...running].map(({ label }) => label()).join(', ');
  frame = (frame + 1) % frames.length;
  const status = `${frames[frame]} ${labels} ${elapsed(first.startedAtMs)}`;
  out.write(`\r\u001b[K${status.slice(0, (out.columns || 80) - 1)}`);
}

function reportSlowSteps() {
  const now = Date.now();
  const due = [...running].filter(({ startedAtMs, isReported }) =>
    isReported ? now >= printedAtMs + silenceMs : now >= startedAtMs + quietMs,
  );
  for (const step of due) {
    step.isReported = true;
    print(`… ${step.label()} (${elapsed(step.startedAtMs)})`);
  }
}

function tick() {
  if (isInteractive()) showStatus();
  else reportSlowSteps();
}

/**
 * Does work while showing its label in the status line.
 * @template T
 * @param {() => string} label called each time it is shown
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function whileShowing(label, work) {
  const current = { label, startedAtMs: Date.now(), isReported: false };
  running.add(current);
  ticker ??= setInterval(tick, frameMs);
  try {
    return await work();
  } finally {
    running.delete(current);
    if (running.size === 0) {
      clearInterval(ticker);
      ticker = undefined;
      clearStatus();
    }
  }
}

/**
 * Does work while showing its label in the status line, then prints one line about the result.
 * @template T
 * @param {string} label
 * @param {() => Promise<T>} work
 * @param {(result: T) => string} [describe] the text after the label; empty by default
 * @returns {Promise<T>}
 */
async function step(label, work, describe = () => '') {
  const startedAtMs = Date.now();
  const result = await whileShowing(() => label, work);
  print(`${green('✓')} ${`${label} ${describe(result)}`.trim()} ${dim(elapsed(startedAtMs))}`);
  return result;
}

/** Whether a person at a terminal can answer a question. */
function canAsk() {
  return Boolean(stdin.isTTY) && isInteractive() && !process.env.CI;
}

/**
 * Asks a yes-or-no question; just Enter means yes.
 * @param {string} question
 */
async function confirm(question) {
  const prompt = createInterface({ input: stdin, output: out });
  try {
    // At the end of input the prompt closes and the question would never be answered.
    const closed = events.once(prompt, 'close').then(() => 'no');
    const answer = await Promise.race([prompt.question(`${question} ${dim('[Y/n]')} `), closed]);
    return !/^\s*n/i.test(answer);
  } finally {
    prompt.close();
  }
}

module.exports = {
  bold,
  dim,
  red,
  green,
  yellow,
  cyan,
  print,
  printToStderr,
  step,
  whileShowing,
  canAsk,
  confirm,
};
