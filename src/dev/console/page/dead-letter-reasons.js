/** What each reason of a dead letter means: the service's reasons and the broker's. @type {Record<string, string>} */
export const MEANINGS = {
  'missing-idempotency-key': 'The message has no key, so its duplicates could not be recognised.',
  'invalid-idempotency-key': 'The key is not valid, or header and body have different keys.',
  'invalid-message': 'The body is not a payment.',
  'idempotency-key-reused': 'The key belongs to another payment.',
  'outside-deduplication-window':
    'Older than records are kept: it may have been charged already, and the record expired.',
  'gateway-rejected': 'The gateway rejected the request as invalid.',
  'gateway-key-reused':
    'The gateway has another payment under the key: does another program use the same keys?',
  'gateway-outcome-unknown': 'It is unknown whether it was charged: look at the gateway.',
  'ledger-refused': 'The ledger refuses what should be stored: look at the gateway whether it is charged.',
  'receipt-rejected': 'The mail server rejected the receipt.',
  'event-undeliverable': 'The payment is charged, but no queue accepted its event.',
  'retries-exhausted': 'All attempts are used up.',
  expired: 'Its publisher set an expiration, and no consumer received it in time. A replay does not expire.',
  'delivery-limit': 'Redelivered unacknowledged too often.',
};
