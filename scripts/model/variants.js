'use strict';

/**
 * One check of docs/model/protocol.pml, and its expected verdict.
 * @typedef {object} Variant
 * @property {string} name
 * @property {'safety' | 'liveness'} looksFor
 * @property {string[]} defines numbers of faults, and guards that are removed
 * @property {Verdict} expected
 */

/** @typedef {'holds' | 'double charge' | 'stale overwrite' | 'lost payment'} Verdict */

const oneOfEach = ['CRASHES=1', 'FREEZES=1', 'REDELIVERIES=1', 'LOST_ANSWERS=1', 'FAILURES=1'];
const outOfAttempts = ['MAX_ATTEMPTS=2', 'FAILURES=2', 'CRASHES=1'];
const longTime = ['OLDEST=2', 'FORGETS=1', 'CRASHES=1', 'FREEZES=1'];
const crashAndFreeze = ['CRASHES=1', 'FREEZES=1'];

/** @type {Variant[]} */
const variants = [
  holds('the protocol, one fault of each kind', 'safety', oneOfEach),
  holds('the protocol, two crashes and two freezes', 'safety', ['CRASHES=2', 'FREEZES=2', 'FAILURES=1']),
  holds('Redis loses everything', 'safety', [...crashAndFreeze, 'FLUSHES=1', 'LOST_ANSWERS=1', 'FAILURES=1']),
  holds('the gateway forgets the key when it may', 'safety', [...longTime, 'FAILURES=1']),
  holds('the last attempt fails', 'safety', outOfAttempts),
  holds('the lease alone, and nothing fails', 'safety', ['NO_GATEWAY_KEY']),
  fails('without the gateway key, a crash', ['NO_GATEWAY_KEY', 'CRASHES=1'], 'double charge'),
  fails('without the gateway key, a freeze', ['NO_GATEWAY_KEY', 'FREEZES=1'], 'double charge'),
  fails('without the owner token', ['NO_OWNER_TOKEN', 'FREEZES=1'], 'stale overwrite'),
  fails(
    'the gateway forgets the key early',
    ['NO_RETENTION_GUARD', 'FORGETS=1', 'CRASHES=1'],
    'double charge',
  ),
  fails('a claim that ends with its lease', ['CLAIM_ENDS', ...longTime, 'FAILURES=1'], 'double charge'),
  fails(
    'a key twice in a call, and the first claim overlooked',
    ['NO_GATEWAY_KEY', 'STALE_CLAIM'],
    'double charge',
  ),
  fails('Redis loses everything, and the gateway forgets', [...longTime, 'FLUSHES=1'], 'double charge'),
  holds('in the end: crash, freeze, redelivery', 'liveness', [...crashAndFreeze, 'REDELIVERIES=1']),
  holds('in the end: crash, lost answer, gateway failure', 'liveness', [
    'CRASHES=1',
    'LOST_ANSWERS=1',
    'FAILURES=1',
  ]),
  holds('in the end: Redis loses everything', 'liveness', [...crashAndFreeze, 'FLUSHES=1']),
  holds('in the end: the gateway forgets the key', 'liveness', ['OLDEST=2', 'FORGETS=1', 'CRASHES=1']),
  holds('in the end: the last attempt fails', 'liveness', outOfAttempts),
  fails('in the end: leases that never run out', ['NO_EXPIRY', 'CRASHES=1'], 'lost payment', 'liveness'),
  fails(
    'in the end: acknowledged before the record',
    ['ACK_FIRST', 'CRASHES=1', 'COPIES=1'],
    'lost payment',
    'liveness',
  ),
];

/**
 * @param {string} name
 * @param {Variant['looksFor']} looksFor
 * @param {string[]} defines
 * @returns {Variant}
 */
function holds(name, looksFor, defines) {
  return { name, looksFor, defines, expected: 'holds' };
}

/**
 * @param {string} name
 * @param {string[]} defines
 * @param {Verdict} expected
 * @param {Variant['looksFor']} [looksFor]
 * @returns {Variant}
 */
function fails(name, defines, expected, looksFor = 'safety') {
  return { name, looksFor, defines, expected };
}

module.exports = { variants };
