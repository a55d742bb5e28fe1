'use strict';

const { openConnections } = require('./connections');

/**
 * What people write by hand: a row that claims the key, the work, and its result in the row. A claim without a result stays
 * for ever if its owner crashes, and another payload under the same key is not noticed.
 * @type {import('./variants').OpenVariant}
 */
async function openHandWritten({ databaseUrl, work }) {
  const pool = openConnections(databaseUrl);
  await pool.query('CREATE TABLE processed (key text PRIMARY KEY, result jsonb)');
  return async (key, payload) => {
    const { rowCount } = await pool.query('INSERT INTO processed (key) VALUES ($1) ON CONFLICT DO NOTHING', [
      key,
    ]);
    if (rowCount === 1) {
      const result = JSON.stringify(await work(payload));
      await pool.query('UPDATE processed SET result = $2 WHERE key = $1', [key, result]);
      return 'done';
    }
    /** @type {import('pg').QueryResult<{ result: object | null }>} */
    const { rows } = await pool.query('SELECT result FROM processed WHERE key = $1', [key]);
    return rows[0]?.result ? 'done' : 'in-progress';
  };
}

module.exports = { openHandWritten };
