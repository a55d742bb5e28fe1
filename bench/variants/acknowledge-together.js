'use strict';

/**
 * Lets a channel acknowledge what becomes done in one turn of the event loop together: one acknowledgement for a run of
 * deliveries without a gap, and one for each delivery behind a gap.
 * @param {import('amqplib').Channel} channel
 */
function acknowledgeTogether(channel) {
  const ack = channel.ack.bind(channel);
  const nack = channel.nack.bind(channel);
  /** @type {Map<number, import('amqplib').Message>} */
  const due = new Map();
  const settledBehindGap = new Set();
  let next = 1;
  const pass = () => {
    while (settledBehindGap.delete(next)) next++;
  };
  const flush = () => {
    /** @type {import('amqplib').Message | undefined} */
    let last;
    pass();
    for (let message = due.get(next); message; message = due.get(next)) {
      due.delete(next++);
      last = message;
      pass();
    }
    if (last) ack(last, true);
    for (const [tag, message] of due) {
      ack(message);
      settledBehindGap.add(tag);
    }
    due.clear();
  };
  channel.ack = (message) => {
    if (due.size === 0) setImmediate(flush);
    due.set(message.fields.deliveryTag, message);
  };
  channel.nack = (message, allUpTo, requeue) => {
    nack(message, allUpTo, requeue);
    settledBehindGap.add(message.fields.deliveryTag);
  };
}

module.exports = { acknowledgeTogether };
