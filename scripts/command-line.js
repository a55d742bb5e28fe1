'use strict';

const { parseArgs } = require('node:util');
const { speakOnStderr } = require('./terminal');

/** @typedef {Record<string, { type: 'boolean' | 'string', default?: boolean | string }>} Options */

/**
 * What was given, or the default.
 * @template {Options} T
 * @typedef {{ [N in keyof T]: (T[N]['type'] extends 'boolean' ? boolean : string) | (T[N] extends { default: unknown } ? never : undefined) }} Values
 */

/**
 * @template {Options} T
 * @typedef {object} Usage
 * @property {string} help what the command does, its options, its exit codes
 * @property {T} options besides --help
 * @property {string} [words] what stands where no option does, such as `NAME`; nothing may by default
 */

/** Exit codes of every command. What 1 means each one's help says. */
const EXIT = { done: 0, failed: 1, wrongUse: 2 };

/**
 * Reads the arguments of a command. `--help` ends the process with 0. What the command does not know ends it with 2,
 * before anything was installed or started. With `--json` standard output is the document's alone.
 * @template {Options} T
 * @param {Usage<T>} usage
 * @param {string[]} [args]
 * @returns {{ values: Values<T>, positionals: string[] }}
 */
function readArguments({ help, options, words }, args = process.argv.slice(2)) {
  // First, so that it helps whatever else is wrong.
  if (args.includes('--help')) {
    console.log(help);
    process.exit(EXIT.done);
  }
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: words !== undefined });
    if ('json' in values) speakOnStderr();
    return { values: /** @type {Values<T>} */ (/** @type {unknown} */ (values)), positionals };
  } catch (error) {
    // The library's advice that follows is for those who write commands.
    const [problem = ''] = String(error instanceof Error ? error.message : error).split('. ');
    const names = [...Object.keys(options), 'help'].map((name) => `--${name}`);
    const allowed = [...(words ? [words] : []), ...names].join(', ');
    return wrongUse(`${problem.replace(/\.$/, '')}; allowed: ${allowed}`, help);
  }
}

/**
 * Ends the process with 2, and says why and how the command is used.
 * @param {string} problem
 * @param {string} help
 * @returns {never}
 */
function wrongUse(problem, help) {
  console.error(`${problem}\n\n${help}`);
  return process.exit(EXIT.wrongUse);
}

/**
 * Prints the one document that `--json` promises. Resolves when it is out: what a pipe has not taken yet is lost when the
 * process ends.
 * @param {object} document
 * @returns {Promise<void>}
 */
function printDocument(document) {
  return new Promise((resolve) => {
    // A reader that has seen enough, such as `head`, is no failure.
    process.stdout.on('error', () => undefined);
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`, () => resolve());
  });
}

module.exports = { EXIT, printDocument, readArguments, wrongUse };
