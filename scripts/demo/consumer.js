'use strict';

const { setTimeout: pause } = require('node:timers/promises');
const { fieldsOf } = require('../json');
const { dim, green, yellow } = require('../terminal');

/** @typedef {'succeeded' | 'duplicate'} Event */
/** @typedef {{ event: Event, paymentId: string, key: string }} Entry */

/** @type {[string, Event][]} */
const phrases = [
  ['Processing payment: success', 'succeeded'],
  ['Duplicate detected', 'duplicate'],
];
const withinMs = 30_000;
const askAgainMs = 20;

/** Reads from the service's log what the consumer did. */
function watchConsumer() {
  /** @type {Set<string>} */
  const keys = new Set();
  /** @type {Entry[]} */
  const entries = [];
  return {
    /** @param {string} key of a payment of this run; other payments are ignored */
    expect: (key) => void keys.add(key),
    /** @param {string} line */
    read: (line) => {
      const entry = parse(line);
      if (entry && keys.has(entry.key)) entries.push(entry);
    },
    /**
     * Shows one line for the outcome of each message, and returns the number of duplicates.
     * @param {{ count: number, isAlive: () => boolean, log: () => string, show: (line: string) => void }} options
     */
    outcomes: async ({ count, isAlive, log, show }) => {
      const deadline = Date.now() + withinMs;
      for (let shown = 0; shown < count;) {
        const next = entries[shown];
        if (next) show(line((shown += 1), next));
        else if (!isAlive() || Date.now() > deadline) throw new Error(explain({ shown, count, log: log() }));
        else await pause(askAgainMs);
      }
      return entries.filter(({ event }) => event === 'duplicate').length;
    },
  };
}

/**
 * @param {string} line
 * @returns {Entry | undefined}
 */
function parse(line) {
  const { msg, paymentId, idempotencyKey: key } = fieldsOf(line);
  if (typeof msg !== 'string' || typeof paymentId !== 'string' || typeof key !== 'string') return undefined;
  const phrase = phrases.find(([start]) => msg.startsWith(start));
  return phrase && { event: phrase[1], paymentId, key };
}

/**
 * @param {number} number
 * @param {Entry} entry
 */
function line(number, { event, paymentId, key }) {
  const outcome =
    event === 'duplicate'
      ? `${yellow('duplicate detected')}, first result replayed`
      : `processing payment, ${green('success')}              `;
  return `  ${number}  ${paymentId}  ${outcome}  ${dim(key)}`;
}

/** @param {{ shown: number, count: number, log: string }} facts */
function explain({ shown, count, log }) {
  return `The consumer reported ${shown} of ${count} messages. The last lines of the service's log:\n${log}`;
}

module.exports = { watchConsumer };
