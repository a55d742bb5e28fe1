'use strict';

const { parseArgs } = require('node:util');
const { printToStderr } = require('./terminal');
const { messageOf } = require('./message-of');

/** @typedef {Record<string, { type: 'boolean' | 'string', default?: boolean | string }>} Options */

/**
 * The given values or their defaults.
 * @template {Options} T
 * @typedef {{ [N in keyof T]: (T[N]['type'] extends 'boolean' ? boolean : string) | (T[N] extends { default: unknown } ? never : undefined) }} Values
 */

/**
 * @template {Options} T
 * @typedef {object} Usage
 * @property {string} help what the command does, its options, its exit codes
 * @property {T} options all but --help
 * @property {string} [words] name of the positional arguments, such as `NAME`; none are allowed by default
 */

/** Exit codes of every command. The help of each command says what 1 means. */
const EXIT = { done: 0, failed: 1, wrongUse: 2 };

/**
 * Reads the arguments of a command. `--help` ends the process with 0. An unknown argument ends it with 2, before anything
 * is installed or started. With `--json` only the document is written to standard output.
 * @template {Options} T
 * @param {Usage<T>} usage
 * @param {string[]} [args]
 * @returns {{ values: Values<T>, positionals: string[] }}
 */
function readArguments({ help, options, words }, args = process.argv.slice(2)) {
  // First, so that it works even with other wrong arguments.
  if (args.includes('--help')) {
    console.log(help);
    process.exit(EXIT.done);
  }
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: words !== undefined });
    if ('json' in values) printToStderr();
    return { values: /** @type {Values<T>} */ (/** @type {unknown} */ (values)), positionals };
  } catch (error) {
    // The rest of the library's message is advice for authors of commands.
    const [problem = ''] = messageOf(error).split('. ');
    const names = [...Object.keys(options), 'help'].map((name) => `--${name}`);
    const allowed = [...(words ? [words] : []), ...names].join(', ');
    return wrongUse(`${problem.replace(/\.$/, '')}; allowed: ${allowed}`, help);
  }
}

/**
 * Ends the process with 2, after printing the problem and the help.
 * @param {string} problem
 * @param {string} help
 * @returns {never}
 */
function wrongUse(problem, help) {
  console.error(`${problem}\n\n${help}`);
  return process.exit(EXIT.wrongUse);
}

/**
 * Prints the document of `--json`. Resolves when it is written: what a pipe has not accepted yet is lost when the process
 * ends.
 * @param {object} document
 * @returns {Promise<void>}
 */
function printDocument(document) {
  return new Promise((resolve) => {
    // A reader that stops early, such as `head`, is not a failure.
    process.stdout.on('error', () => undefined);
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`, () => resolve());
  });
}

module.exports = { EXIT, printDocument, readArguments, wrongUse };
