'use strict';

// Plain JavaScript, so that the command can print its help before anything is installed.
const { readArguments } = require('../../../scripts/command-line');

const help = `npm run faults:mutants: mistakes in the service that the fault run must catch

Builds the service with one mistake at a time, runs it under faults, and checks that the promise which the mistake breaks
is reported as broken. The same runs without a mistake must pass. All of them take about twenty-five minutes.

  npm run faults:mutants                    all
  npm run faults:mutants -- NAME ...        those whose names contain one of these texts

  --list    prints the names; runs nothing
  --json    for programs: prints { ok, results }; the text for people goes to standard error.
            npm run --silent faults:mutants -- --json prints nothing else
  --help

Exit code 0 if every mutant was caught, 1 otherwise, 2 for wrong usage.`;

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
