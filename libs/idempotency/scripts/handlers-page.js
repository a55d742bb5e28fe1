'use strict';

const { writeFileSync } = require('node:fs');
const path = require('node:path');

/** @typedef {import('../test/table/kinds').Kind} Kind */
/** @typedef {import('../test/table/situations').Row} Row */
/** @typedef {typeof import('../test/table/situations').SITUATIONS} Situations */

const PAGE = path.join(__dirname, '../HANDLERS.md');

/**
 * The page "what every handler kind gets": a table of all kinds, then one table for each.
 * @param {{ kinds: Readonly<Record<string, Kind>>, situations: Situations }} table
 * @returns {string}
 */
function pageOf({ kinds, situations }) {
  const names = /** @type {(keyof Situations)[]} */ (Object.keys(situations));
  return [
    '<!-- Written by `node libs/idempotency/scripts/handlers-page.js` from the table in test/table. Do not edit. -->',
    '',
    '# What every kind of handler gets',
    '',
    'A test goes through every line of this page, with a real application, client and server, and with the store in memory. All',
    'handlers do the same: they place the order that they get, and return `{ "runs": 1 }`, which counts how often this order has been',
    'placed. `@Idempotent()` has no options there but `scope`, `rememberError`, and `key` where the key is not in a header.',
    '',
    '## The situations',
    '',
    'These are the same for every kind of handler. "Stored" is what the store has under the key afterwards: the `answer`, which later',
    'duplicates get; an `attempt` that is counted, while the answer is still open; or `nothing`, so that the key is as free as before.',
    '',
    ...table(
      ['situation', 'what it is', 'the handler has run', 'stored'],
      names.map((name) => {
        const { means, runs, stored } = situations[name];
        return [name, means, runs === 0 ? 'never' : 'once', stored];
      }),
    ),
    '',
    '## All kinds at a glance',
    '',
    'What the caller gets; where no client waits for an answer, what is done with the message. Details are in the sections below.',
    '',
    ...table(
      ['', ...names],
      Object.entries(kinds).map(([kind, { rows }]) => [
        code(kind),
        ...names.map((name) => glance(rows[name])),
      ]),
    ),
    ...Object.entries(kinds).flatMap(([kind, { intro, rows }]) => [
      '',
      `## ${code(kind)}`,
      '',
      intro,
      '',
      ...tableOf(names.map((name) => ({ name, row: rows[name] }))),
    ]),
    '',
  ].join('\n');
}

/**
 * The table of one kind, without the columns that say nothing.
 * @param {readonly { readonly name: string, readonly row: Row }[]} rows
 * @returns {string[]}
 */
function tableOf(rows) {
  const columns = [
    { head: 'situation', cells: rows.map(({ name }) => name) },
    {
      head: 'the caller gets',
      cells: rows.map(({ row }) => row.caller.map((part) => `\`${part}\``).join(' ')),
    },
    { head: 'the message is', cells: rows.map(({ row }) => row.message ?? '') },
    { head: 'remarks', cells: rows.map(({ row }) => row.note ?? '') },
  ].filter(({ cells }) => cells.some((cell) => cell !== ''));
  return table(
    columns.map(({ head }) => head),
    rows.map((_, at) => columns.map(({ cells }) => cells[at] ?? '')),
  );
}

/**
 * That a message is acknowledged goes without saying where its caller has an answer.
 * @param {Row} row
 * @returns {string}
 */
function glance({ caller: [short], message }) {
  if (short === undefined) return message ?? '';
  return message === undefined || message === 'acknowledged' ? short : `${short}, ${message}`;
}

/**
 * Names of decorators and functions are code; others are words.
 * @param {string} kind
 * @returns {string}
 */
function code(kind) {
  return kind.replace(/^(@\w+|run\(\))/, '`$1`');
}

/**
 * A table whose columns are as wide as their widest cell, like Prettier writes it.
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 * @returns {string[]}
 */
function table(head, rows) {
  const widths = head.map((_, at) => Math.max(3, ...[head, ...rows].map((row) => row[at]?.length ?? 0)));
  const line = (/** @type {readonly string[]} */ cells) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}

if (require.main === module) {
  require('../../../scripts/typescript');
  const { KINDS } = require('../test/table/kinds');
  const { SITUATIONS } = require('../test/table/situations');
  writeFileSync(PAGE, pageOf({ kinds: KINDS, situations: SITUATIONS }));
}

module.exports = { pageOf, PAGE };
