/** The names on the wire, written down once more: the tests hold the service to them and do not import its own. */
export const exchange = 'payments';
export const eventsExchange = 'payments.events';
export const routingKey = 'payment.requested';
export const succeededRoutingKey = 'payment.succeeded';
export const workQueue = 'payments.charge';
export const retryQueuePrefix = 'payments.charge.retry.';
export const receiptQueue = 'notifications.receipt';
/** By which events reach the queue of receipts. */
export const receiptBinding = { queue: receiptQueue, exchange: eventsExchange, key: succeededRoutingKey };
export const deadLetterQueue = 'payments.dead-letter';
export const keyHeader = 'idempotency-key';
