'use strict';

const { measureConsumers } = require('../measurement');
const { Pool } = require('../pool');

/** @typedef {import('../comparison').Bench} Bench */
/** @typedef {import('../comparison').Contender} Contender */
/** @typedef {import('../groups').Group} Group */

/**
 * Each variant with a process and a database of its own, on one PostgreSQL.
 * @param {Bench} bench
 * @param {Group} group
 * @returns {Promise<Contender[]>}
 */
async function openDatabaseContenders(bench, { name, variants, setting }) {
  const { postgresServer, nodeArguments } = bench;
  if (!postgresServer)
    throw new Error('the benchmark was started without the PostgreSQL that this group needs');
  /** @type {Contender[]} */
  const contenders = [];
  for (const variant of variants) {
    const database = `bench ${name} ${variant}`.replaceAll(/\W+/g, '_');
    const databaseUrl = await postgresServer.create(database);
    const pool = new Pool({ kind: /** @type {const} */ ('postgres'), variant, databaseUrl }, nodeArguments);
    contenders.push({
      variant,
      measure: async (keys) => {
        await pool.upTo(setting.processes);
        const consume = () => pool.consume({ ...setting, messages: keys.length, keys });
        return measureConsumers(bench, { messages: keys.length, consume });
      },
      close: async () => {
        await pool.close();
        await postgresServer.drop(database);
      },
    });
  }
  return contenders;
}

module.exports = { openDatabaseContenders };
