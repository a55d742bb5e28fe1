'use strict';

const { setTimeout: pause } = require('node:timers/promises');

/** The work for a payment: nothing, or waiting for a gateway that takes `gatewayMs`. */
class Work {
  gatewayMs = 0;

  /** @param {import('./messages').Payload} payload */
  async do({ paymentId }) {
    if (this.gatewayMs > 0) await pause(this.gatewayMs);
    return { paymentId, status: 'succeeded' };
  }
}

module.exports = { Work };
