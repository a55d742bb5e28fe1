'use strict';

/**
 * Counts the commands that clients send, from Redis's statistics. These also contain the commands inside scripts, which are
 * not round trips. A variant that sends scripts sends nothing else, so if there are scripts, only they are counted.
 */
class RedisCalls {
  /** @param {import('ioredis').Redis} redis */
  constructor(redis) {
    this.redis = redis;
  }

  async reset() {
    await this.redis.config('RESETSTAT');
  }

  async count() {
    const calls = callsIn(await this.redis.info('commandstats'));
    const scripts = totalOf(calls, (command) => SCRIPTS.has(command));
    return scripts > 0 ? scripts : totalOf(calls, (command) => !OWN.has(command));
  }
}

const SCRIPTS = new Set(['eval', 'evalsha']);
/** Commands of the benchmark's own connection, and commands that a client sends when it connects. */
const OWN = new Set(['config', 'info', 'client', 'hello', 'ping', 'flushdb', 'select']);

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

module.exports = { RedisCalls };
