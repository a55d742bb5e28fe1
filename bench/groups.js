'use strict';

const { only } = require('./cases');
const { LARGE, SMALL } = require('./messages');

/**
 * The keys of a measurement. `half`: every second message is a duplicate of a finished one. `hot`: only one key.
 * @typedef {'new' | 'duplicates' | 'half' | 'hot'} Pass
 */

/**
 * Variants that are compared with each other: measured in turn with the same queue type, payload and prefetch.
 * Without a queue, the prefetch is how many keys are processed at a time.
 * @typedef {object} Group
 * @property {string} name
 * @property {'raw' | 'nest' | 'service' | 'postgres'} kind
 * @property {boolean} [withLedger] whether the payments are kept in PostgreSQL, too
 * @property {string[]} variants
 * @property {Pass[]} passes `new` comes first, because duplicates use its keys
 * @property {number} messages of one measurement
 * @property {number} [warmUpMessages]
 * @property {number} repetitions
 * @property {{ bytes: number, processes: number, prefetch: number, gatewayMs: number }} setting
 */

const STANDARD = { bytes: SMALL, processes: 1, prefetch: 256, gatewayMs: 0 };
const PEERS = ['node-idempotency', 'powertools', 'tutorial'];
const WITHOUT_MEMORY = ['none', 'ours', ...PEERS];
const WITH_AND_WITHOUT = ['none', 'ours'];
const HANDLERS = ['none', 'pass-through interceptor', '@Idempotent'];

/** @type {Group} */
const engine = {
  name: 'engine',
  kind: 'raw',
  variants: ['none', 'none, acknowledging together', 'ours', 'ours with local memory', ...PEERS],
  passes: ['new', 'duplicates', 'half', 'hot'],
  messages: 20_000,
  repetitions: 9,
  setting: STANDARD,
};

/** @type {Group} */
const handler = {
  name: 'handler',
  kind: 'nest',
  variants: HANDLERS,
  passes: ['new', 'duplicates'],
  messages: 10_000,
  repetitions: 9,
  setting: STANDARD,
};

/** @type {(prefetch: number) => Group} */
const gateway = (prefetch) => ({
  name: `gateway of 50 ms, prefetch ${prefetch}`,
  kind: 'raw',
  variants: WITH_AND_WITHOUT,
  passes: ['new'],
  messages: 40 * prefetch,
  repetitions: 7,
  setting: { ...STANDARD, prefetch, gatewayMs: 50 },
});

/**
 * The built service, with the prefetch of its `.env`.
 * @type {(gatewayMs: number) => Group}
 */
const service = (gatewayMs) => ({
  name: `service, gateway of ${gatewayMs} ms`,
  kind: 'service',
  variants: ['hand-written', 'ours', 'ours with receipts'],
  passes: ['new'],
  messages: 4_000,
  warmUpMessages: 2_000,
  repetitions: 7,
  setting: { ...STANDARD, prefetch: 50, gatewayMs },
});

/**
 * The service with its ledger, beside a hand-written consumer that inserts a row for each payment and publishes its event.
 * @type {(gatewayMs: number) => Group}
 */
const serviceWithLedger = (gatewayMs) => ({
  ...service(gatewayMs),
  name: `service with ledger, gateway of ${gatewayMs} ms`,
  withLedger: true,
  variants: ['hand-written', 'ours'],
});

/** @type {(prefetch: number, messages: number) => Group} */
const prefetch = (prefetch, messages) => ({
  ...engine,
  name: `engine, prefetch ${prefetch}`,
  variants: WITHOUT_MEMORY,
  passes: ['new', 'duplicates'],
  messages,
  repetitions: 5,
  setting: { ...STANDARD, prefetch },
});

/** @type {Group} */
const largePayload = {
  ...engine,
  name: 'engine, 10 kB',
  variants: WITHOUT_MEMORY,
  passes: ['new'],
  messages: 4_000,
  repetitions: 5,
  setting: { ...STANDARD, bytes: LARGE },
};

/** @type {(processes: number) => Group} */
const processes = (processes) => ({
  ...engine,
  name: `engine, ${processes} processes`,
  variants: WITHOUT_MEMORY,
  passes: ['new'],
  messages: 20_000,
  repetitions: 5,
  setting: { ...STANDARD, processes },
});

/**
 * On a Redis Cluster; the other libraries do not support one.
 * @type {Group}
 */
const cluster = {
  ...engine,
  name: 'engine, Redis Cluster',
  variants: WITH_AND_WITHOUT,
  passes: ['new', 'duplicates'],
  repetitions: 5,
};

/**
 * The engine with its store on PostgreSQL, without a broker.
 * @type {Group}
 */
const postgres = {
  name: 'postgres',
  kind: 'postgres',
  variants: ['ours', 'hand-written', 'dbos'],
  passes: ['new', 'duplicates'],
  messages: 3_000,
  repetitions: 7,
  setting: { ...STANDARD, prefetch: 64 },
};

/**
 * Where the steps of several keys share nothing.
 * @type {Group}
 */
const postgresOneAtATime = {
  ...postgres,
  name: 'postgres, prefetch 1',
  variants: ['ours', 'hand-written'],
  messages: 500,
  repetitions: 5,
  setting: { ...STANDARD, prefetch: 1 },
};

/** @typedef {{ groups: Group[], onCluster: Group[] }} Groups */

/** @type {Groups} */
const FULL = {
  groups: [
    service(0),
    service(50),
    serviceWithLedger(0),
    serviceWithLedger(50),
    engine,
    handler,
    gateway(50),
    gateway(256),
    prefetch(1, 2_000),
    prefetch(16, 8_000),
    largePayload,
    processes(2),
    processes(4),
    postgres,
    postgresOneAtATime,
  ],
  onCluster: [cluster],
};

/**
 * What the ratios need, with only as many messages and repetitions as fit in three minutes.
 * @type {Groups}
 */
const QUICK = {
  groups: [
    { ...service(0), messages: 1_000, warmUpMessages: 1_200, repetitions: 3 },
    {
      ...service(50),
      variants: ['hand-written', 'ours'],
      messages: 600,
      warmUpMessages: 300,
      repetitions: 2,
    },
    { ...serviceWithLedger(0), messages: 1_000, warmUpMessages: 1_200, repetitions: 3 },
    { ...engine, passes: ['new', 'duplicates'], messages: 6_000, warmUpMessages: 10_000, repetitions: 4 },
    { ...handler, passes: ['new'], messages: 4_000, warmUpMessages: 8_000, repetitions: 4 },
    { ...gateway(50), messages: 1_000, repetitions: 3 },
    { ...prefetch(1, 300), variants: ['ours'], repetitions: 1 },
    { ...largePayload, variants: ['none', 'ours', 'powertools'], messages: 1_000, repetitions: 3 },
    { ...postgres, messages: 600, repetitions: 3 },
  ],
  onCluster: [],
};

/**
 * The groups that the regression guard measures, in a minute.
 * @type {Group[]}
 */
const GUARDED = [
  {
    ...engine,
    variants: ['none', 'ours', 'ours with local memory', 'node-idempotency'],
    passes: ['new', 'duplicates'],
    messages: 4_000,
    repetitions: 3,
  },
  { ...handler, variants: HANDLERS.slice(1), passes: ['new'], messages: 3_000, repetitions: 3 },
  { ...prefetch(1, 300), variants: ['ours'], repetitions: 1 },
  { ...serviceWithLedger(0), messages: 600, warmUpMessages: 1_200, repetitions: 3 },
];

/**
 * The groups of a run; with a text, those cases that `only` selects.
 * @param {'full' | 'quick'} extent
 * @param {string} [text]
 */
function selected(extent, text) {
  const { groups, onCluster } = extent === 'quick' ? QUICK : FULL;
  const all = [...groups, ...onCluster];
  return text === undefined ? all : only(all, text);
}

/** @param {Group} group */
const needsDatabase = ({ kind, withLedger = false }) => kind === 'postgres' || withLedger;

module.exports = { FULL, GUARDED, QUICK, needsDatabase, selected };
