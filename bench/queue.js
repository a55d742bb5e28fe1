'use strict';

const { connect } = require('amqplib');
const { KEY_HEADER, bodyFor } = require('./messages');

/** Every comparison uses the same type of queue. */
const QUEUE_OPTIONS = { durable: true, arguments: { 'x-queue-type': 'quorum' } };

/** Fills queues. */
class Publisher {
  /**
   * @param {import('amqplib').ChannelModel} connection
   * @param {import('amqplib').ConfirmChannel} channel
   */
  constructor(connection, channel) {
    this.connection = connection;
    this.channel = channel;
    /** @type {string[]} */
    this.queues = [];
  }

  /** @param {string} url */
  static async open(url) {
    const connection = await connect(url);
    return new Publisher(connection, await connection.createConfirmChannel());
  }

  /**
   * Declares an empty queue, even if an interrupted run has left one behind.
   * @param {string} queue
   */
  async declare(queue) {
    await this.channel.deleteQueue(queue);
    await this.channel.assertQueue(queue, QUEUE_OPTIONS);
    this.queues.push(queue);
  }

  /**
   * @param {string} queue
   * @param {{ key: string, bytes: number }} message
   */
  send(queue, { key, bytes }) {
    const headers = { [KEY_HEADER]: key };
    const options = { persistent: true, contentType: 'application/json', headers };
    this.channel.sendToQueue(queue, bodyFor(key, bytes), options);
  }

  /**
   * Resolves when the queue holds all messages.
   * @param {string} queue
   * @param {{ keys: string[], bytes: number }} messages
   */
  async fill(queue, { keys, bytes }) {
    const atOnce = 1_000;
    for (let from = 0; from < keys.length; from += atOnce) {
      for (const key of keys.slice(from, from + atOnce)) this.send(queue, { key, bytes });
      await this.channel.waitForConfirms();
    }
  }

  async close() {
    for (const queue of this.queues) await this.channel.deleteQueue(queue);
    await this.connection.close();
  }
}

module.exports = { Publisher, QUEUE_OPTIONS };
