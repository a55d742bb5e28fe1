import type { MessageDescription } from '../messaging/queue-policy';

/** A longer id is not valid; a log line must not grow with what a publisher sends. */
const LONGEST_ID = 255;

/** Log fields and span attributes of a message about a payment. */
export function describePayment(body: unknown): MessageDescription {
  const found: unknown =
    typeof body === 'object' && body !== null ? Reflect.get(body, 'paymentId') : undefined;
  if (typeof found !== 'string') return { fields: {}, attributes: {} };
  const paymentId = found.slice(0, LONGEST_ID);
  return {
    fields: { paymentId },
    // Only well-formed ids become span attributes; anything else might hold a card number.
    attributes: /^[\w-]{1,64}$/.test(paymentId) ? { 'payment.id': paymentId } : {},
  };
}
