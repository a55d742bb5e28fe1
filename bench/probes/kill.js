'use strict';

const { freshKeys } = require('../messages');

/** @typedef {Awaited<ReturnType<typeof import('./service').openGateway>>} Gateway */

/** As it is set for this probe. */
const LEASE_SECONDS = 5;
/** Longer than everything else takes: the owner is killed in the middle of its charge. */
const CHARGE_MS = 60_000;

/**
 * Seconds from the `SIGKILL` of a payment's owner to the payment's completion by another process.
 * @param {Gateway} gateway
 */
async function killToCompletion({ gatewayUrl, startService }) {
  const variables = { IDEMPOTENCY_LEASE: String(LEASE_SECONDS) };
  const owner = await startService(variables);
  const [key = ''] = freshKeys(1);
  await slowDown(gatewayUrl, key);
  await owner.publish(key);
  await owner.untilState(key, 'in_progress');
  const other = await startService(variables);
  await owner.program.stop(0);
  const killedAt = performance.now();
  await other.completion(key);
  const seconds = (performance.now() - killedAt) / 1_000;
  await other.program.stop(0);
  return seconds;
}

/**
 * @param {string} gatewayUrl
 * @param {string} key
 */
async function slowDown(gatewayUrl, key) {
  const matching = { idempotencyKey: `payment:${key}` };
  const response = await fetch(`${gatewayUrl}/_sandbox/faults`, {
    method: 'POST',
    body: JSON.stringify({ kind: 'delay', delayMs: CHARGE_MS, when: 'before', matching }),
  });
  if (!response.ok) throw new Error(`the sandbox took no fault: ${await response.text()}`);
}

module.exports = { LEASE_SECONDS, killToCompletion };
