'use strict';

// Plain JavaScript, so that the command can say what it does before anything is installed.
const { readArguments, wrongUse } = require('../../scripts/command-line');

/** @typedef {import('./faults').FaultKind} FaultKind */
/** @typedef {import('./schedule').RunSize} RunSize */

/**
 * What a run is asked to be.
 * @typedef {RunSize & RunSetting} RunOptions
 */

/**
 * @typedef {object} RunSetting
 * @property {boolean} json whether the report is printed for programs
 * @property {boolean} printSchedule
 * @property {string} build the build under test, by its folder
 * @property {boolean} gatewayKeepsKeys off: the gateway charges each time it is asked, so record and lease are all that is left
 * @property {number} gatewayLatencyMs added to every charge
 * @property {number} restWithinMs how long nothing may get done on the way to rest after the last fault
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

const help = `npm run faults: the service under faults, and whether each payment had its effect once

Installs and builds what is missing, starts private servers and three consumers, publishes payments while faults are
injected, waits until all is at rest, and judges from outside.

  --seed N                 draws everything from this number (default 1)
  --payments N             payments to publish, besides their duplicates (default 2000)
  --faults N               faults to inject (default 80)
  --only KIND,...          draws from these kinds alone:
                           ${inColumns(faultKinds)}
  --print-schedule         prints what would happen, and when; runs nothing
  --build FOLDER           the build to test (default dist)
  --gateway-latency MS     how long a charge takes (default 15)
  --gateway-ignores-keys   the gateway charges each time it is asked; for runs without faults
  --rest-within SECONDS    how long nothing may get done after the last fault, before it counts as stuck
                           (default 240)
  --json                   for programs: prints the report, and what people read to standard error.
                           npm run --silent faults -- --json prints nothing else
  --help

Exit code 0 when every promise was kept, 1 otherwise, 2 for wrong use.`;

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
  return wrongUse(`--${name} takes a whole number from 0 on, not '${text}'`, help);
}

/** @param {string} text */
function kinds(text) {
  return text.split(',').map((name) => {
    const kind = faultKinds.find((candidate) => candidate === name);
    if (kind !== undefined) return kind;
    return wrongUse(`--only: there is no kind '${name}'; allowed: ${faultKinds.join(', ')}`, help);
  });
}

/**
 * Four in a line of the help.
 * @param {readonly string[]} names
 */
function inColumns(names) {
  const lines = names.map((name, at) => (at % 4 === 0 ? names.slice(at, at + 4).join(', ') : ''));
  return lines.filter((line) => line !== '').join(',\n                           ');
}

module.exports = { faultKinds, readOptions };
