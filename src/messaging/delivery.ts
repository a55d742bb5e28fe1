import { AsyncLocalStorage } from 'node:async_hooks';

/** How the processing of a message ended. */
export const DELIVERY_OUTCOMES = [
  /** The work was done, and its result recorded. */
  'processed',
  /** The result of an earlier run was the answer. */
  'duplicate',
  /** There was nothing to do, such as a receipt that nobody wants. */
  'ignored',
  /** A copy waits in a retry queue. */
  'delayed',
  'dead-lettered',
  /** Given back to the broker. */
  'requeued',
] as const;
export type DeliveryOutcome = (typeof DELIVERY_OUTCOMES)[number];

/** What a log line says of the message that it is about. */
export interface DeliveryFacts {
  readonly paymentId?: string;
  readonly idempotencyKey?: string;
  /** The attempt that is being made; until one is, how many were made before. */
  attempt: number;
}

/** One message while it is being processed. */
export interface Delivery {
  readonly facts: DeliveryFacts;
  outcome?: DeliveryOutcome;
}

const deliveries = new AsyncLocalStorage<Delivery>();

/** The message that the running code works on; undefined outside of a message's processing. */
export function currentDelivery(): Delivery | undefined {
  return deliveries.getStore();
}

/** Runs `work`, to which, and to everything that it starts, the delivery is the current one. */
export function during<T>(delivery: Delivery, work: () => T): T {
  return deliveries.run(delivery, work);
}
