'use strict';

const { paymentFor } = require('../messages');
const { variants } = require('./variants');

/**
 * Does the work for given keys, as many at a time as the prefetch says; there is no broker.
 * @param {object} options
 * @param {string} options.variant
 * @param {string} options.databaseUrl
 * @param {import('../work').Work} options.work
 * @param {import('../meter').Meter} options.meter
 * @returns {Promise<import('../raw-consumer').Consumer>}
 */
async function openDatabaseConsumer({ variant, databaseUrl, work, meter }) {
  const open = variants[variant];
  if (!open)
    throw new Error(`unknown variant '${variant}'; the variants are ${Object.keys(variants).join(', ')}`);
  const run = await open({ databaseUrl, work: (payload) => work.do(payload) });
  const processKey = async (/** @type {string} */ key) => {
    const outcome = await run(key, { ...paymentFor(key), items: [] });
    if (outcome !== 'done') throw new Error(`a key of the benchmark was not processed: ${outcome}`);
  };
  const start = async (/** @type {{ prefetch: number, keys: string[] }} */ { prefetch, keys }) => {
    const left = keys.values();
    const takeTurns = async () => {
      for (const key of left) await meter.time(() => processKey(key));
    };
    for (let started = 0; started < prefetch; started++) void takeTurns();
  };
  return { start, stop: async () => undefined };
}

module.exports = { openDatabaseConsumer };
