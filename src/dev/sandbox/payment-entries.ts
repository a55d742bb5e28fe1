import { randomBytes } from 'node:crypto';
import type { EntryFacts, OutcomeEntry, PaymentEntry, PendingEntry } from './journal-entry';
import type { Payment } from './payment-checks';
import type { Ending, WaitingMethod } from './test-payment-methods';

interface FirstEntry {
  facts: EntryFacts;
  payment: Payment;
  /** Kept under the idempotency key; `null` keeps nothing, `undefined` keeps the payment's own answer. */
  storedStatus: number | null | undefined;
  /** The time of a payment that waits; see `PendingEntry`. */
  settleAfterMs: number | null;
}

/** The entry with which a payment begins, and with which most payments also end. */
export function firstEntry({ facts, payment, storedStatus, settleAfterMs }: FirstEntry): PaymentEntry {
  const { method, ...details } = payment;
  const paymentIntentId = `pi_${randomBytes(12).toString('hex')}`;
  const kept = (ownStatus: number) => (storedStatus === undefined ? ownStatus : storedStatus);
  switch (method.kind) {
    case 'succeeds':
      return { ...facts, ...details, type: 'charge', paymentIntentId, storedStatus: kept(200) };
    case 'declines':
      return { ...facts, ...details, type: 'decline', paymentIntentId, storedStatus: kept(402) };
    case 'waits': {
      const waiting = { status: method.status, settleAfterMs };
      return { ...facts, ...details, type: 'pending', paymentIntentId, ...waiting, storedStatus: kept(200) };
    }
    default:
      return method satisfies never;
  }
}

/** The end of a payment that waited. Nothing is kept: its key goes on to replay the first answer. */
export function lastEntry(pending: PendingEntry, ending: Ending): OutcomeEntry {
  const { idempotencyKey, parametersHash, paymentIntentId, amount, currency, metadata } = pending;
  const { paymentMethod, customerId, customer, description } = pending;
  return {
    at: new Date().toISOString(),
    type: entryTypes[ending],
    pendingSince: pending.at,
    idempotencyKey,
    parametersHash,
    paymentIntentId,
    amount,
    currency,
    paymentMethod,
    ...(customerId !== undefined && { customerId }),
    ...(customer !== undefined && { customer }),
    ...(description !== undefined && { description }),
    metadata,
    storedStatus: null,
  };
}

const entryTypes = { succeeded: 'charge', failed: 'decline', canceled: 'cancel' } as const;

/** A bank needs some days; a card waits for its owner or for the capture. */
export function usualSettleAfterMs({ status }: WaitingMethod, processingMs: number): number | null {
  switch (status) {
    case 'processing':
      return processingMs;
    case 'requires_capture':
    case 'requires_action':
      return null;
    default:
      return status satisfies never;
  }
}
