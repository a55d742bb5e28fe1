'use strict';

// Plain JavaScript, so that the command can print its help before anything is installed.
const { readArguments, wrongUse } = require('../../scripts/command-line');

/** @typedef {import('./faults').FaultKind} FaultKind */
/** @typedef {import('./schedule').RunSize} RunSize */

/**
 * The options of a run.
 * @typedef {RunSize & RunSetting} RunOptions
 */

/**
 * @typedef {object} RunSetting
 * @property {boolean} json whether to print the report for programs
 * @property {boolean} printSchedule
 * @property {string} build the folder of the build under test
 * @property {boolean} gatewayKeepsKeys if false, the gateway charges for every request, so only record and lease protect
 * @property {number} gatewayLatencyMs added to every charge
 * @property {number} restWithinMs longest time without progress after the last fault
 */

/** @type {readonly FaultKind[]} */
const faultKinds = [
  'kill',
  'crash',
  'freeze',
  'terminate',
  'clock',
  'redis-killed',
  'redis-frozen',
  'redis-flushed',
  'redis-full',
  'rabbitmq-killed',
  'rabbitmq-restarted',
  'rabbitmq-frozen',
  'rabbitmq-refuses-copies',
  'connections-closed',
  'network',
  'gateway',
  'hostile-headers',
  'shared-ids',
  'skewed-clock',
  'queue-removed',
];

const help = `npm run faults: runs the service under faults and checks that each payment had its effect once

Installs and builds what is missing, starts private servers and three consumers, publishes payments while faults are
injected, waits until nothing is left to do, and checks the results from outside.

  --seed N                 draws everything from this number (default 1)
  --payments N             payments to publish, not counting duplicates (default 2000)
  --faults N               faults to inject (default 80)
  --only KIND,...          draws only from these kinds:
                           ${inColumns(faultKinds)}
  --print-schedule         prints the faults and their times; runs nothing
  --build FOLDER           the build to test (default dist)
  --gateway-latency MS     how long a charge takes (default 15)
  --gateway-ignores-keys   the gateway charges for every request; for runs without faults
  --rest-within SECONDS    time without progress after the last fault before the run counts as stuck
                           (default 240)
  --json                   for programs: prints the report; the text for people goes to standard error.
                           npm run --silent faults -- --json prints nothing else
  --help

Exit code 0 if every promise was kept, 1 otherwise, 2 for wrong usage.`;

const options = /** @type {const} */ ({
  seed: { type: 'string', default: '1' },
  payments: { type: 'string', default: '2000' },
  faults: { type: 'string', default: '80' },
  only: { type: 'string' },
  'print-schedule': { type: 'boolean', default: false },
  build: { type: 'string', default: 'dist' },
  'gateway-latency': { type: 'string', default: '15' },
  'gateway-ignores-keys': { type: 'boolean', default: false },
  'rest-within': { type: 'string', default: '240' },
  json: { type: 'boolean' },
});

/**
 * @param {string[]} args
 * @returns {RunOptions}
 */
function readOptions(args) {
  const { values } = readArguments({ help, options }, args);
  return {
    seed: count('seed', values.seed),
    payments: count('payments', values.payments),
    faults: count('faults', values.faults),
    ...(values.only !== undefined && { only: kinds(values.only) }),
    json: values.json ?? false,
    printSchedule: values['print-schedule'],
    build: values.build,
    gatewayLatencyMs: count('gateway-latency', values['gateway-latency']),
    restWithinMs: count('rest-within', values['rest-within']) * 1000,
    gatewayKeepsKeys: !values['gateway-ignores-keys'],
  };
}

/**
 * @param {string} name
 * @param {string} text
 */
function count(name, text) {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  return wrongUse(`--${name} takes a whole number of at least 0, not '${text}'`, help);
}

/** @param {string} text */
function kinds(text) {
  return text.split(',').map((name) => {
    const kind = faultKinds.find((candidate) => candidate === name);
    if (kind !== undefined) return kind;
    return wrongUse(`--only: unknown kind '${name}'; allowed: ${faultKinds.join(', ')}`, help);
  });
}

/**
 * Four names in each line of the help.
 * @param {readonly string[]} names
 */
function inColumns(names) {
  const lines = names.map((name, at) => (at % 4 === 0 ? names.slice(at, at + 4).join(', ') : ''));
  return lines.filter((line) => line !== '').join(',\n                           ');
}

module.exports = { faultKinds, readOptions };
