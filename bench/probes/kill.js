'use strict';

const { freshKeys } = require('../messages');

/** @typedef {Awaited<ReturnType<typeof import('./service').openGateway>>} Gateway */

/** The lease for this probe. */
const LEASE_SECONDS = 5;
/** Long enough to kill the owner during its charge, shorter than its lease. */
const CHARGE_MS = 2_000;

/**
 * Seconds from the `SIGKILL` of a payment's owner to the payment's completion by another process.
 * @param {Gateway} gateway
 */
async function killToCompletion({ gatewayUrl, startService }) {
  const variables = { IDEMPOTENCY_LEASE: String(LEASE_SECONDS) };
  const services = [await startService(variables), await startService(variables)];
  const [key = ''] = freshKeys(1);
  await slowDown(gatewayUrl, key);
  await services[0]?.publish(key);
  await services[0]?.untilState(key, 'in_progress');
  const inProgress = await Promise.all(services.map(async (service) => (await service.metrics()).inProgress));
  const owner = services.find((_, index) => inProgress[index] === 1);
  const other = services.find((service) => service !== owner);
  if (!owner || !other) throw new Error('no service processes the payment to interrupt');
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
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'delay', delayMs: CHARGE_MS, when: 'before', matching }),
  });
  if (!response.ok) throw new Error(`the sandbox rejected the fault: ${await response.text()}`);
}

module.exports = { LEASE_SECONDS, killToCompletion };
