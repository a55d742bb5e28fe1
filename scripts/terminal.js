'use strict';

const events = require('node:events');
const { stdin, stdout } = require('node:process');
const { createInterface } = require('node:readline/promises');

const interactive = Boolean(stdout.isTTY) && process.env.TERM !== 'dumb';
const coloured = interactive && !process.env.NO_COLOR;
const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const frameMs = 100;
/** Without a terminal, work that takes longer than this is reported, and then again from time to time. */
const quietMs = 2_000;
const reportEveryMs = 10_000;

/**
 * @typedef {object} Step
 * @property {string} label
 * @property {number} startedAtMs
 * @property {number} reportedAtMs
 */

/** @type {Set<Step>} */
const running = new Set();
/** @type {NodeJS.Timeout | undefined} */
let ticker;
let frame = 0;

/** @param {number} code */
function paint(code) {
  /** @param {string} text */
  return (text) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);
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
  if (interactive) stdout.write('\r\u001b[K');
}

/** Prints whole lines, above whatever status is shown. */
function print(text = '') {
  clearStatus();
  stdout.write(`${text}\n`);
}

function showStatus() {
  const [first] = running;
  if (!first) return;
  const labels = [...running].map(({ label }) => label).join(', ');
  frame = (frame + 1) % frames.length;
  const status = `${frames[frame]} ${labels} ${elapsed(first.startedAtMs)}`;
  stdout.write(`\r\u001b[K${status.slice(0, (stdout.columns || 80) - 1)}`);
}

function reportSlowSteps() {
  const now = Date.now();
  for (const step of running) {
    const dueMs = step.reportedAtMs === 0 ? step.startedAtMs + quietMs : step.reportedAtMs + reportEveryMs;
    if (now < dueMs) continue;
    step.reportedAtMs = now;
    print(`… ${step.label} (${elapsed(step.startedAtMs)})`);
  }
}

function tick() {
  if (interactive) showStatus();
  else reportSlowSteps();
}

/**
 * Does a piece of work while showing that it is under way, then prints one line about what came of it.
 * @template T
 * @param {string} label
 * @param {() => Promise<T>} work
 * @param {(result: T) => string} [describe] what the line says besides the label; a label alone by default
 * @returns {Promise<T>}
 */
async function step(label, work, describe = () => '') {
  const current = { label, startedAtMs: Date.now(), reportedAtMs: 0 };
  running.add(current);
  ticker ??= setInterval(tick, frameMs);
  try {
    const result = await work();
    running.delete(current);
    print(`${green('✓')} ${`${label} ${describe(result)}`.trim()} ${dim(elapsed(current.startedAtMs))}`);
    return result;
  } finally {
    running.delete(current);
    if (running.size === 0) {
      clearInterval(ticker);
      ticker = undefined;
      clearStatus();
    }
  }
}

/** Whether there is a person who can answer a question. */
function canAsk() {
  return Boolean(stdin.isTTY) && interactive && !process.env.CI;
}

/**
 * Asks a yes-or-no question; just Enter means yes.
 * @param {string} question
 */
async function confirm(question) {
  const prompt = createInterface({ input: stdin, output: stdout });
  try {
    // End of input instead of an answer closes the prompt and would leave the question open for ever.
    const closed = events.once(prompt, 'close').then(() => 'no');
    const answer = await Promise.race([prompt.question(`${question} ${dim('[Y/n]')} `), closed]);
    return !/^\s*n/i.test(answer);
  } finally {
    prompt.close();
  }
}

module.exports = { bold, dim, red, green, yellow, cyan, print, step, canAsk, confirm };
