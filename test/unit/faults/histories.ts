import type { History, JournalFact, PublishedPayment } from '../../faults/history';

export const chargedAt = 1_000_000;

export function aPublished(overrides: Partial<PublishedPayment> = {}): PublishedPayment {
  return {
    key: 'k1',
    minorUnits: 9_999,
    currency: 'USD',
    customerId: 'CUST-1',
    declined: false,
    confirmedAt: chargedAt - 100,
    copies: 2,
    messageIds: ['m1', 'm2'],
    mustSucceed: false,
    ...overrides,
  };
}

export function aCharge(overrides: Partial<JournalFact> = {}): JournalFact {
  return {
    at: chargedAt,
    type: 'charge',
    key: 'k1',
    id: 'pi_1',
    amount: 9_999,
    currency: 'usd',
    customerId: 'CUST-1',
    isCall: true,
    ...overrides,
  };
}

export function aRecord({
  chargeId = 'pi_1',
  status = 'succeeded',
  fencingToken = 1,
  at = 'T1',
} = {}): string {
  return JSON.stringify({ processedAt: at, result: { status, chargeId }, fencingToken });
}

/** A run of one payment without findings, except for the test's overrides. */
export function aHistory(overrides: Partial<History> = {}): History {
  return {
    published: [aPublished()],
    hostile: [],
    journal: [aCharge()],
    records: new Map([['k1', aRecord()]]),
    claims: new Map([['k1', 1]]),
    deadLetters: [],
    sightings: [{ key: 'k1', at: chargedAt + 50, record: aRecord(), claims: 1 }],
    flushes: [],
    rest: { messages: { 'payments.charge': 0 }, locks: [], settledAfterMs: 10 },
    ends: [{ consumer: 'consumer-0', how: 'asked', code: 0, signal: null, lastOutput: '' }],
    ...overrides,
  };
}
