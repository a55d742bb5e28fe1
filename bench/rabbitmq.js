'use strict';

const { setTimeout: pause } = require('node:timers/promises');
const { runs } = require('./cpu');

/** RabbitMQ collects facts about its nodes every five seconds. */
const FACTS_WITHIN_MS = 15_000;
const ASK_AGAIN_MS = 200;

/** What the benchmark asks of RabbitMQ's management API. */
class RabbitmqManagement {
  /** @param {string} managementUrl with the credentials */
  constructor(managementUrl) {
    const { origin, username, password } = new URL(managementUrl);
    this.api = `${origin}/api`;
    this.user = username;
    this.authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }

  /** The ids of the broker's processes, if they run on this machine. */
  async pids() {
    const giveUpAt = Date.now() + FACTS_WITHIN_MS;
    for (;;) {
      const ids = processIdsIn(await this.call('GET', '/nodes').catch(() => '[]'));
      if (ids.length > 0 || Date.now() > giveUpAt) return ids.filter((id) => runs(id, 'beam.smp'));
      await pause(ASK_AGAIN_MS);
    }
  }

  /**
   * Creates an empty virtual host, even if an interrupted run has left one behind.
   * @param {string} name
   */
  async createVhost(name) {
    await this.deleteVhost(name);
    await this.call('PUT', `/vhosts/${name}`);
    const all = JSON.stringify({ configure: '.*', write: '.*', read: '.*' });
    await this.call('PUT', `/permissions/${name}/${this.user}`, all);
  }

  /** @param {string} name */
  async deleteVhost(name) {
    await this.call('DELETE', `/vhosts/${name}`).catch(() => undefined);
  }

  /**
   * @private
   * @param {string} method
   * @param {string} path
   * @param {string} [body]
   */
  async call(method, path, body) {
    const headers = { authorization: this.authorization, 'content-type': 'application/json' };
    const response = await fetch(this.api + path, { method, headers, ...(body && { body }) });
    const text = await response.text();
    if (!response.ok) throw new Error(`RabbitMQ's management API refused ${method} ${path}: ${text}`);
    return text;
  }
}

/**
 * @param {string} nodes
 * @returns {number[]}
 */
function processIdsIn(nodes) {
  const list = /** @type {{ os_pid?: string }[]} */ (JSON.parse(nodes));
  return list.flatMap(({ os_pid: id }) => (id === undefined ? [] : [Number(id)]));
}

module.exports = { RabbitmqManagement };
