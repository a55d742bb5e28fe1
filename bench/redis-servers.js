'use strict';

const { Redis } = require('ioredis');
const { runs } = require('./cpu');
const { sum } = require('./statistics');

/** The Redis servers of a measurement: one, or the primaries of a Cluster. */
class RedisServers {
  /** @param {string} urls one URL, or the comma-separated ones of a Cluster's primaries */
  constructor(urls) {
    this.urls = urls;
    const [first = '', ...others] = urls.split(',');
    /** @type {[Redis, ...Redis[]]} */
    this.nodes = [new Redis(first), ...others.map((url) => new Redis(url))];
  }

  async empty() {
    for (const node of this.nodes) await node.flushdb();
  }

  async resetCalls() {
    for (const node of this.nodes) await node.config('RESETSTAT');
  }

  /** Commands that clients have sent since the reset. */
  async calls() {
    return sum(
      await Promise.all(this.nodes.map(async (node) => clientCalls(await node.info('commandstats')))),
    );
  }

  /** The ids of those processes that run on this machine. */
  async pids() {
    const ids = await Promise.all(this.nodes.map(async (node) => processIdIn(await node.info('server'))));
    return ids.filter((id) => runs(id, 'redis-server'));
  }

  disconnect() {
    for (const node of this.nodes) node.disconnect();
  }
}

const SCRIPTS = new Set(['eval', 'evalsha']);
/** Commands of the benchmark's own connection, and commands that a client sends when it connects. */
const OWN = new Set(['config', 'info', 'client', 'hello', 'ping', 'flushdb', 'select', 'cluster', 'command']);

/**
 * Redis also counts the commands inside scripts, which are not round trips. A variant that sends scripts sends nothing else, so
 * if there are scripts, only they are counted.
 * @param {string} statistics
 */
function clientCalls(statistics) {
  const calls = callsIn(statistics);
  const scripts = totalOf(calls, (command) => SCRIPTS.has(command));
  return scripts > 0 ? scripts : totalOf(calls, (command) => !OWN.has(command));
}

/**
 * @param {string} statistics lines such as `cmdstat_get:calls=3,usec=…`
 * @returns {Map<string, number>}
 */
function callsIn(statistics) {
  const lines = statistics.matchAll(/^cmdstat_(?<command>[^:|]+)[^:]*:calls=(?<calls>\d+)/gm);
  const calls = new Map();
  for (const { groups = {} } of lines) {
    const { command = '', calls: count } = groups;
    calls.set(command, Number(calls.get(command) ?? 0) + Number(count));
  }
  return calls;
}

/**
 * @param {Map<string, number>} calls
 * @param {(command: string) => boolean} counts
 */
function totalOf(calls, counts) {
  let total = 0;
  for (const [command, count] of calls) if (counts(command)) total += count;
  return total;
}

/** @param {string} information */
function processIdIn(information) {
  return Number(/^process_id:(\d+)/m.exec(information)?.[1]);
}

module.exports = { RedisServers };
