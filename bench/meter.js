'use strict';

/**
 * @typedef {object} Reading what one process did from its first delivery to its last acknowledgement
 * @property {number} done acknowledged messages, or finished pieces of work
 * @property {number} redelivered deliveries that went back to the queue
 * @property {number} firstAtMs by a clock that all processes share
 * @property {number} lastAtMs by the same clock
 * @property {number} cpuMicroseconds of the process, until the reading
 * @property {number[]} latenciesMs from each delivery to its acknowledgement
 */

/** Milliseconds of the machine's monotonic clock, which all processes share. */
const now = () => Number(process.hrtime.bigint()) / 1e6;

/** Counts and times the messages of a channel, or other pieces of work, for any kind of consumer. */
class Meter {
  done = 0;
  redelivered = 0;
  firstAtMs = 0;
  lastAtMs = 0;
  /** @type {number[]} */
  latenciesMs = [];
  cpuAtFirst = process.cpuUsage();

  reset() {
    this.done = 0;
    this.redelivered = 0;
    this.firstAtMs = 0;
    this.lastAtMs = 0;
    this.latenciesMs = [];
    this.cpuAtFirst = process.cpuUsage();
  }

  /** @returns {Reading} */
  read() {
    const { done, redelivered, firstAtMs, lastAtMs, latenciesMs } = this;
    const { user, system } = process.cpuUsage(this.cpuAtFirst);
    return { done, redelivered, firstAtMs, lastAtMs, cpuMicroseconds: user + system, latenciesMs };
  }

  /**
   * Measures the messages of the channel from now on.
   * @param {import('amqplib').Channel} channel
   */
  watch(channel) {
    /** @type {Map<number, number>} when each message in flight arrived, by its delivery tag */
    const arrivals = new Map();
    const consume = channel.consume.bind(channel);
    const ack = channel.ack.bind(channel);
    const nack = channel.nack.bind(channel);
    channel.consume = (queue, onMessage, options) =>
      consume(
        queue,
        (message) => {
          if (message) arrivals.set(message.fields.deliveryTag, this.arrived());
          onMessage(message);
        },
        options,
      );
    channel.ack = (message, allUpTo) => {
      ack(message, allUpTo);
      this.acknowledged(arrivals, { upTo: message.fields.deliveryTag, isJoint: allUpTo === true });
    };
    channel.nack = (message, allUpTo, requeue) => {
      nack(message, allUpTo, requeue);
      arrivals.delete(message.fields.deliveryTag);
      this.redelivered++;
    };
  }

  /**
   * Measures a piece of work that no channel delivers.
   * @param {() => Promise<void>} work
   */
  async time(work) {
    const arrivedAtMs = this.arrived();
    await work();
    this.lastAtMs = now();
    this.count(arrivedAtMs);
  }

  /** @private */
  arrived() {
    const at = now();
    if (this.firstAtMs === 0) {
      this.firstAtMs = at;
      this.cpuAtFirst = process.cpuUsage();
    }
    return at;
  }

  /**
   * @private
   * @param {Map<number, number>} arrivals
   * @param {{ upTo: number, isJoint: boolean }} acknowledgement
   */
  acknowledged(arrivals, { upTo, isJoint }) {
    this.lastAtMs = now();
    if (!isJoint) return this.settled(arrivals, upTo);
    // Delivery tags only grow, so the map is in their order.
    for (const tag of arrivals.keys()) {
      if (tag > upTo) return;
      this.settled(arrivals, tag);
    }
  }

  /**
   * @private
   * @param {Map<number, number>} arrivals
   * @param {number} tag
   */
  settled(arrivals, tag) {
    this.count(arrivals.get(tag) ?? this.lastAtMs);
    arrivals.delete(tag);
  }

  /**
   * @private
   * @param {number} arrivedAtMs of what was done at last
   */
  count(arrivedAtMs) {
    this.latenciesMs.push(this.lastAtMs - arrivedAtMs);
    this.done++;
  }
}

module.exports = { Meter };
