'use strict';

const { DBOS } = require('@dbos-inc/dbos-sdk');
const { openConnections } = require('./connections');

/**
 * A durable workflow of one step, whose id is the key; a duplicate waits for the result of the finished one. Its console and
 * telemetry are off by default.
 * @type {import('./variants').OpenVariant}
 */
async function openDbos({ databaseUrl, work }) {
  DBOS.setConfig({
    name: 'bench',
    systemDatabaseUrl: databaseUrl,
    systemDatabasePool: openConnections(databaseUrl),
    logLevel: 'error',
    tracingEnabled: false,
    enableOTLP: false,
  });
  const workflow = DBOS.registerWorkflow(
    (/** @type {import('../messages').Payload} */ payload) =>
      DBOS.runStep(() => work(payload), { name: 'work' }),
    { name: 'payment' },
  );
  await DBOS.launch();
  return async (key, payload) => {
    const handle = await DBOS.startWorkflow(workflow, { workflowID: key })(payload);
    await handle.getResult();
    return 'done';
  };
}

module.exports = { openDbos };
