'use strict';

const { cpus, totalmem } = require('node:os');
const { TARGETS, verdict } = require('./ratios');
const { median } = require('./statistics');

/** @typedef {import('./measurement').Sample} Sample */

/** @typedef {Sample & { name: string, runs: number }} CaseResult */

/**
 * The medians of each case.
 * @param {Map<string, Sample[]>} samples
 * @returns {CaseResult[]}
 */
function casesOf(samples) {
  return [...samples].map(([name, runs]) => {
    const middle = (/** @type {keyof Sample} */ field) =>
      rounded(median(runs.map((sample) => sample[field])));
    return {
      name,
      messagesPerSecond: middle('messagesPerSecond'),
      cpuMicrosecondsPerMessage: middle('cpuMicrosecondsPerMessage'),
      p50Ms: middle('p50Ms'),
      p99Ms: middle('p99Ms'),
      redisCallsPerMessage: middle('redisCallsPerMessage'),
      runs: runs.length,
    };
  });
}

/** @param {number} value */
function rounded(value) {
  return Number(value.toPrecision(4));
}

function machine() {
  const [{ model = 'unknown' } = {}] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${model.trim()}, ${memory} GB, ${process.platform}, Node.js ${process.versions.node}`;
}

/**
 * @param {CaseResult[]} cases
 * @returns {string}
 */
function caseTable(cases) {
  const rows = cases.map((result) => [
    result.name,
    result.messagesPerSecond.toFixed(0),
    result.cpuMicrosecondsPerMessage.toFixed(0),
    result.p50Ms.toFixed(2),
    result.p99Ms.toFixed(2),
    result.redisCallsPerMessage.toFixed(2),
    String(result.runs),
  ]);
  return table(['case', 'messages/s', 'CPU µs', 'p50 ms', 'p99 ms', 'Redis calls', 'runs'], rows);
}

/**
 * @param {Record<string, number>} ratios
 * @returns {string}
 */
function ratioTable(ratios) {
  const rows = Object.entries(ratios).map(([name, value]) => {
    const target = TARGETS[name];
    return [
      name,
      String(rounded(value)),
      target ? `${target.bound} ${target.value}` : '',
      verdict(name, value),
    ];
  });
  return table(['ratio', 'measured', 'target', ''], rows);
}

/**
 * The first column is aligned left, the others right.
 * @param {string[]} head
 * @param {string[][]} rows
 */
function table(head, rows) {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (/** @type {string[]} */ row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ');
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}

module.exports = { caseTable, casesOf, machine, ratioTable, rounded };
