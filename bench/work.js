'use strict';

const { setTimeout: pause } = require('node:timers/promises');

/** What a consumer does with a payment: nothing, or waiting for a gateway of so many milliseconds. */
class Work {
  gatewayMs = 0;

  /** @param {import('./messages').Payload} payload */
  async do({ paymentId }) {
    if (this.gatewayMs > 0) await pause(this.gatewayMs);
    return { paymentId, status: 'succeeded' };
  }
}

module.exports = { Work };
