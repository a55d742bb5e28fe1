/** What each reason of a dead letter means, of the service's and of the broker's. @type {Record<string, string>} */
export const MEANINGS = {
  'missing-idempotency-key': 'The message carries no key, so its duplicates could not be told apart.',
  'invalid-idempotency-key': 'The key is unusable, or header and body disagree.',
  'invalid-message': 'The body is not a payment.',
  'idempotency-key-reused': 'The key belongs to another payment.',
  'outside-deduplication-window': 'Older than records are kept: it may have been charged and forgotten.',
  'gateway-rejected': 'The gateway says that the request itself is wrong.',
  'gateway-key-reused':
    'The gateway has something else under the key: does another program charge with such keys?',
  'gateway-outcome-unknown': 'Nobody knows whether it was charged: look at the gateway.',
  'receipt-rejected': 'The mail server refuses the receipt.',
  'event-undeliverable': 'The payment is charged; no queue took its event.',
  'retries-exhausted': 'Tried as often as allowed.',
  expired: 'Its sender set an expiration, and nobody took it in time. A replay does not expire.',
  'delivery-limit': 'Came back unacknowledged too often.',
};
