'use strict';

// Plain JavaScript, so that the command can print its help before anything is installed.
const { readArguments, wrongUse } = require('../../scripts/command-line');

/** @typedef {import('./faults').Fault['kind']} FaultKind */
/** @typedef {import('./transfer/faults').TransferFault['kind']} TransferFaultKind */
/** @typedef {import('./schedule').RunSize} RunSize */

/**
 * The options of a run.
 * @typedef {PaymentRunOptions | TransferRunOptions} RunOptions
 */

/** @typedef {RunSize & RunSetting & { workload: 'payments' } & GatewaySetting} PaymentRunOptions */
/** @typedef {RunSize & RunSetting & { workload: 'transfer' }} TransferRunOptions */

/**
 * @typedef {object} RunSetting
 * @property {boolean} json whether to print the report for programs
 * @property {boolean} printSchedule
 * @property {string} build the folder of the build under test
 * @property {number} restWithinMs longest time without progress after the last fault
 */

/**
 * @typedef {object} GatewaySetting
 * @property {boolean} gatewayKeepsKeys if false, the gateway charges for every request, so only record and lease protect
 * @property {number} gatewayLatencyMs added to every charge
 * @property {boolean} ledger whether the service keeps a ledger in PostgreSQL
 */

/** @type {{ payments: readonly FaultKind[], transfer: readonly TransferFaultKind[] }} */
const faultKinds = {
  payments: [
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
    'postgresql-killed',
    'postgresql-frozen',
    'sessions-ended',
    'webhooks',
  ],
  transfer: [
    'kill',
    'crash',
    'freeze',
    'rabbitmq-killed',
    'rabbitmq-frozen',
    'connections-closed',
    'network',
    'commit',
    'late-record',
    'postgresql-killed',
    'postgresql-frozen',
    'sessions-ended',
    'commits-lost',
  ],
};

/** The usual size of a run, as text like the arguments. */
const sizes = {
  payments: { operations: '2000', faults: '80' },
  transfer: { operations: '1000', faults: '40' },
};

const help = `npm run faults: runs a workload under faults and checks that each operation had its effect once

Installs and builds what is missing, starts private servers and three consumers, publishes operations while faults are
injected, waits until nothing is left to do, and checks the results from outside.

  --workload NAME          what is run (default payments):
                           payments  the service; charges through a gateway, records in Redis, and a ledger in PostgreSQL
                           transfer  the library; moves money between accounts in PostgreSQL, effect and record in one
                                     transaction
  --seed N                 draws everything from this number (default 1)
  --payments N             payments to publish, not counting duplicates (default ${sizes.payments.operations})
  --transfers N            the same for the workload transfer (default ${sizes.transfer.operations})
  --faults N               faults to inject (default ${sizes.payments.faults}, transfer ${sizes.transfer.faults})
  --only KIND,...          draws only from these kinds; of payments:
                           ${inColumns(faultKinds.payments)}
                           of transfer:
                           ${inColumns(faultKinds.transfer)}
  --print-schedule         prints the faults and their times; runs nothing
  --build FOLDER           the build to test (default dist)
  --gateway-latency MS     payments: how long a charge takes (default 15)
  --gateway-ignores-keys   payments: the gateway charges for every request; for runs without faults
  --without-ledger         payments: the service has no PostgreSQL; for runs without faults of it
  --rest-within SECONDS    time without progress after the last fault before the run counts as stuck
                           (default 240)
  --json                   for programs: prints the report; the text for people goes to standard error.
                           npm run --silent faults -- --json prints nothing else
  --help

Exit code 0 if every promise was kept, 1 otherwise, 2 for wrong usage.`;

const options = /** @type {const} */ ({
  workload: { type: 'string', default: 'payments' },
  seed: { type: 'string', default: '1' },
  payments: { type: 'string' },
  transfers: { type: 'string' },
  faults: { type: 'string' },
  only: { type: 'string' },
  'print-schedule': { type: 'boolean', default: false },
  build: { type: 'string', default: 'dist' },
  'gateway-latency': { type: 'string' },
  'gateway-ignores-keys': { type: 'boolean' },
  'without-ledger': { type: 'boolean' },
  'rest-within': { type: 'string', default: '240' },
  json: { type: 'boolean' },
});

/** The options that only one workload has. */
const own = /** @type {const} */ ({
  payments: ['payments', 'gateway-latency', 'gateway-ignores-keys', 'without-ledger'],
  transfer: ['transfers'],
});

/**
 * @param {string[]} args
 * @returns {RunOptions}
 */
function readOptions(args) {
  const { values } = readArguments({ help, options }, args);
  const workload = workloadNamed(values.workload);
  const other = workload === 'payments' ? 'transfer' : 'payments';
  const foreign = own[other].find((name) => values[name] !== undefined);
  if (foreign !== undefined)
    wrongUse(`--${foreign} is an option of --workload ${other}, and this is --workload ${workload}`, help);
  const size = sizes[workload];
  const common = {
    seed: count('seed', values.seed),
    faults: count('faults', values.faults ?? size.faults),
    ...(values.only !== undefined && { only: kinds(values.only, faultKinds[workload]) }),
    json: values.json ?? false,
    printSchedule: values['print-schedule'],
    build: values.build,
    restWithinMs: count('rest-within', values['rest-within']) * 1000,
  };
  if (workload === 'transfer')
    return { workload, ...common, operations: count('transfers', values.transfers ?? size.operations) };
  return {
    workload,
    ...common,
    operations: count('payments', values.payments ?? size.operations),
    gatewayLatencyMs: count('gateway-latency', values['gateway-latency'] ?? '15'),
    gatewayKeepsKeys: !values['gateway-ignores-keys'],
    ledger: !values['without-ledger'],
  };
}

/**
 * @param {string} name
 * @returns {keyof typeof sizes}
 */
function workloadNamed(name) {
  if (name === 'payments' || name === 'transfer') return name;
  return wrongUse(`--workload: unknown workload '${name}'; allowed: ${Object.keys(sizes).join(', ')}`, help);
}

/**
 * @param {string} name
 * @param {string} text
 */
function count(name, text) {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  return wrongUse(`--${name} takes a whole number of at least 0, not '${text}'`, help);
}

/**
 * @param {string} text
 * @param {readonly string[]} allowed
 */
function kinds(text, allowed) {
  const names = text.split(',');
  const unknown = names.find((name) => !allowed.includes(name));
  if (unknown === undefined) return names;
  return wrongUse(`--only: unknown kind '${unknown}'; allowed: ${allowed.join(', ')}`, help);
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
