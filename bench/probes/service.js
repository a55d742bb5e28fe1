'use strict';

const { freePort } = require('../../scripts/services/ports');
const { waitUntil } = require('../../scripts/services/probes');
const { sandboxVariables, serverVariables, startSandbox, startService } = require('../../scripts/system');
const { fieldsOf } = require('../../scripts/json');
const { freshKeys } = require('../messages');

/** @typedef {import('../../scripts/services/programs').Program} Program */

const COMPLETED_WITHIN_MS = 60_000;

/** The whole service as it is shipped, in its own process. */
class ServiceUnderTest {
  /**
   * @param {string} url
   * @param {Program} program
   */
  constructor(url, program) {
    this.url = url;
    this.program = program;
  }

  /**
   * Publishes a payment and returns its key.
   * @param {string} [key]
   */
  async publish(key = freshKeys(1)[0] ?? '') {
    const response = await fetch(`${this.url}/payments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({ paymentId: `PAY-${key}`, amount: 99.99, customerId: 'CUST-001' }),
    });
    if (response.status !== 202) throw new Error(`the service did not publish: ${await response.text()}`);
    return key;
  }

  /**
   * The state of a payment according to the service.
   * @param {string} key
   * @returns {Promise<unknown>} `in_progress`, `completed`, or undefined if the service has no such payment
   */
  async state(key) {
    const response = await fetch(`${this.url}/payments/${key}`);
    return fieldsOf(await response.text()).state;
  }

  /** @param {string} key */
  completion(key) {
    return this.untilState(key, 'completed');
  }

  /**
   * @param {string} key
   * @param {'in_progress' | 'completed'} state
   */
  async untilState(key, state) {
    await waitUntil(async () => (await this.state(key)) === state, {
      what: `Payment ${key}`,
      withinMs: COMPLETED_WITHIN_MS,
      isAlive: this.program.isRunning,
      log: this.program.log,
    });
  }

  async metrics() {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    return {
      cpuSeconds: total(text, 'process_cpu_seconds_total'),
      delayed: total(text, 'payments_messages_delayed_total'),
      inProgress: total(text, 'payments_messages_in_progress'),
    };
  }
}

/**
 * @param {string} metrics
 * @param {string} name
 */
function total(metrics, name) {
  const values = [...metrics.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (?<value>.+)$`, 'gm'))];
  if (values.length === 0) throw new Error(`the service has no metric ${name}`);
  return values.reduce((sum, { groups }) => sum + Number(groups?.value), 0);
}

/**
 * Starts a gateway sandbox; services that use it can then be started.
 * @param {{ rabbitmqUrl: string, redisUrl: string, directory: string }} servers
 */
async function openGateway({ rabbitmqUrl, redisUrl, directory }) {
  const gatewayUrl = await startSandbox({ directory, choosePort: freePort });
  const urls = { rabbitmqUrl, redisUrl, rabbitmqManagementUrl: '' };
  return {
    gatewayUrl,
    /** @param {NodeJS.ProcessEnv} [variables] */
    startService: async (variables = {}) => {
      const env = { ...process.env, ...serverVariables(urls), ...sandboxVariables(gatewayUrl), ...variables };
      const { url, program } = await startService({
        directory,
        choosePort: freePort,
        env: { ...env, LOG_LEVEL: 'warn' },
        output: 'log',
      });
      return new ServiceUnderTest(url, program);
    },
  };
}

module.exports = { ServiceUnderTest, openGateway };
