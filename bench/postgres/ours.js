'use strict';

const { idempotency } = require('../variants/built');
const { openEngine } = require('../variants/engine');
const { openConnections } = require('./connections');

/**
 * This project's engine with its store on PostgreSQL.
 * @type {import('./variants').OpenVariant}
 */
async function openOurs({ databaseUrl, work }) {
  const store = new idempotency.PostgresIdempotencyStore(openConnections(databaseUrl));
  await store.migrate();
  return openEngine({ store, work });
}

module.exports = { openOurs };
