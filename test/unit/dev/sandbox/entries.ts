import type { FaultEntry, OutcomeEntry, PendingEntry } from '../../../../src/dev/sandbox/journal-entry';

/** A charge's journal entry, complete and valid. */
export function aCharge(overrides: Partial<OutcomeEntry> = {}): OutcomeEntry {
  return {
    at: '2026-11-25T10:00:00.000Z',
    type: 'charge',
    idempotencyKey: 'payment:one',
    parametersHash: 'hash',
    paymentIntentId: 'pi_one',
    amount: 9999,
    currency: 'usd',
    paymentMethod: 'pm_card_visa',
    metadata: { idempotency_key: 'one' },
    storedStatus: 200,
    ...overrides,
  };
}

/** The first entry of a bank debit. */
export function aPending(overrides: Partial<PendingEntry> = {}): PendingEntry {
  return {
    ...aCharge(),
    type: 'pending',
    status: 'processing',
    settleAfterMs: 5_000,
    paymentMethod: 'pm_usBankAccount_success',
    ...overrides,
  };
}

/** The entry of a fault of the same request. */
export function aFault(overrides: Partial<FaultEntry> = {}): FaultEntry {
  return {
    at: '2026-11-25T10:00:00.000Z',
    type: 'fault',
    fault: 'error-500',
    idempotencyKey: 'payment:one',
    parametersHash: 'hash',
    paymentIntentId: null,
    amount: 9999,
    currency: 'usd',
    metadata: {},
    storedStatus: 500,
    ...overrides,
  };
}
