'use strict';

const { TARGETS, verdict } = require('./ratios');

/** @typedef {import('./results').Results} Results */

const CASE_HEAD = [
  'case',
  'messages/s',
  'CPU µs: consumer',
  'RabbitMQ',
  'Redis',
  'PostgreSQL',
  'p50 ms',
  'p99 ms',
  'Redis calls',
];
const RATIO_HEAD = ['ratio', 'median', 'lowest', 'highest', 'runs', 'target', ''];

/**
 * A block for each group and kind of keys, so that the lines to compare are together and short.
 * @param {Results['cases']} cases
 * @returns {string}
 */
function caseTable(cases) {
  /** @type {Map<string, string[][]>} */
  const blocks = new Map();
  for (const result of cases) {
    const [block = '', variant = ''] = result.name.split(': ');
    const row = [
      `  ${variant}`,
      cell(result.messagesPerSecond, 0),
      cell(result.consumerCpuMicroseconds, 0),
      cell(result.rabbitmqCpuMicroseconds, 0),
      cell(result.redisCpuMicroseconds, 0),
      cell(result.postgresqlCpuMicroseconds, 0),
      cell(result.p50Ms, 2),
      cell(result.p99Ms, 2),
      cell(result.redisCalls, 2),
    ];
    blocks.set(block, [...(blocks.get(block) ?? []), row]);
  }
  const rows = [...blocks].flatMap(([block, own]) => [[block], ...own]);
  return table(CASE_HEAD, rows);
}

/**
 * @param {Pick<Results, 'ratios' | 'spreads'>} results
 * @returns {string}
 */
function ratioTable({ ratios, spreads }) {
  const rows = Object.entries(ratios).map(([name, value]) => {
    const target = TARGETS[name];
    return [
      name,
      short(value),
      ...spreadOf(spreads[name]),
      target ? `${target.bound} ${target.value}` : '',
      verdict(name, value),
    ];
  });
  return table(RATIO_HEAD, rows);
}

/** @param {Results['spreads'][string]} [spread] */
function spreadOf({ lowest, highest, repetitions } = { lowest: NaN, highest: NaN, repetitions: 1 }) {
  return repetitions > 1 ? [short(lowest), short(highest), String(repetitions)] : ['', '', '1'];
}

/**
 * With three digits, which is more than the runs agree in.
 * @param {number} value
 */
function short(value) {
  if (Number.isNaN(value)) return '–';
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

/**
 * @param {number} value
 * @param {number} digits
 */
function cell(value, digits) {
  return Number.isNaN(value) ? '–' : value.toFixed(digits);
}

/**
 * The first column is aligned left, the others right. A row with one cell is a heading.
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
      .join('  ')
      .trimEnd();
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}

module.exports = { caseTable, ratioTable };
