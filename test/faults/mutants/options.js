'use strict';

// Plain JavaScript, so that the command can say what it does before anything is installed.
const { readArguments } = require('../../../scripts/command-line');

const help = `npm run faults:mutants: mistakes in the service that the fault run must catch

Builds the service with one mistake at a time, puts it under faults, and sees whether the promise that it breaks is found
broken. The same runs without a mistake must pass. All of them take about twenty minutes.

  npm run faults:mutants                    all
  npm run faults:mutants -- NAME ...        those whose name contains one of these texts

  --list    prints the names; runs nothing
  --json    for programs: prints { ok, results }, and what people read to standard error.
            npm run --silent faults:mutants -- --json prints nothing else
  --help

Exit code 0 when every mutant was caught, 1 otherwise, 2 for wrong use.`;

/** @param {string[]} args */
function readOptions(args) {
  const flag = /** @type {const} */ ({ type: 'boolean', default: false });
  const { values, positionals } = readArguments(
    { help, options: { list: flag, json: { type: 'boolean' } }, words: 'NAME ...' },
    args,
  );
  return { list: values.list, json: values.json ?? false, texts: positionals };
}

module.exports = { help, readOptions };
