'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { runProgram } = require('../services/programs');

/** @typedef {import('./variants').Variant} Variant */
/** @typedef {import('./variants').Verdict} Verdict */

/**
 * @typedef {object} Checked
 * @property {Variant} variant
 * @property {Verdict | 'no verdict'} verdict
 * @property {number} states that were visited
 * @property {number} seconds
 */

const model = path.resolve(__dirname, '../../docs/model/protocol.pml');
/** More than the longest path. If it is too small, Spin reports that and there is no verdict. */
const depth = 100_000;
const memoryMb = 2_000;
/** Weak fairness among the five processes and the initial one, in Spin's unit of memory. */
const fairness = '-DNFAIR=3';

/**
 * Visits every state that the variant can reach: Spin generates a program from the model, which is compiled and run.
 * @param {Variant} variant
 * @param {string} directory used by this check alone
 * @returns {Promise<Checked>}
 */
async function check(variant, directory) {
  const begun = performance.now();
  fs.mkdirSync(directory, { recursive: true });
  const at = { directory, cwd: directory };
  const defines = variant.defines.map((define) => `-D${define}`);
  const isSafety = variant.looksFor === 'safety';
  const kind = isSafety ? ['-DSAFETY', '-DNOCLAIM'] : [fairness];
  const compile = ['-O2', '-w', `-DMEMLIM=${memoryMb}`, ...kind, '-o', 'pan', 'pan.c'];
  await runProgram({ ...at, name: 'spin', command: 'spin', args: ['-a', ...defines, model] });
  await runProgram({ ...at, name: 'gcc', command: 'gcc', args: compile });
  const args = [`-m${depth}`, ...(isSafety ? [] : ['-a', '-f'])];
  await runProgram({ ...at, name: 'pan', command: path.join(directory, 'pan'), args });
  const report = fs.readFileSync(path.join(directory, 'pan.log'), 'utf8');
  return {
    variant,
    verdict: verdictOf(report),
    states: Number(/^ *(\d+) states, stored/m.exec(report)?.[1]),
    seconds: (performance.now() - begun) / 1000,
  };
}

/**
 * @param {string} report
 * @returns {Checked['verdict']}
 */
function verdictOf(report) {
  if (/assertion violated.*charges<=1/.test(report)) return 'double charge';
  if (/assertion violated.*isOverwritten/.test(report)) return 'stale overwrite';
  if (/^pan:\d+: acceptance cycle/m.test(report)) return 'lost payment';
  const isWhole =
    /errors: 0$/m.test(report) && !/too small|Search not completed|reached -DMEMLIM/.test(report);
  return isWhole ? 'holds' : 'no verdict';
}

module.exports = { check };
