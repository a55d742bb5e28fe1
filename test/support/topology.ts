/** The names on the wire, repeated here so that tests check the service's names instead of importing them. */
export const exchange = 'payments';
export const eventsExchange = 'payments.events';
export const routingKey = 'payment.requested';
export const succeededRoutingKey = 'payment.succeeded';
export const workQueue = 'payments.charge';
export const retryQueuePrefix = 'payments.charge.retry.';
export const receiptQueue = 'notifications.receipt';
/** The binding that routes events to the queue of receipts. */
export const receiptBinding = { queue: receiptQueue, exchange: eventsExchange, key: succeededRoutingKey };
export const deadLetterQueue = 'payments.dead-letter';
export const keyHeader = 'idempotency-key';
