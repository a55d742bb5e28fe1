'use strict';

const { Pool } = require('pg');

/** The default of `pg` and of DBOS. */
const MOST_CONNECTIONS = 10;

/**
 * The same pool for all variants. Its connections stay open while other variants are measured.
 * @param {string} databaseUrl
 */
function openConnections(databaseUrl) {
  const pool = new Pool({
    connectionString: databaseUrl,
    max: MOST_CONNECTIONS,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 0,
  });
  // If the benchmark is interrupted, the server may end first; other errors fail the next statement.
  pool.on('error', () => undefined);
  return pool;
}

module.exports = { openConnections };
