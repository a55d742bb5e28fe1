import type {
  EventFact,
  History,
  JournalFact,
  LedgerFacts,
  LedgerRow,
  PublishedPayment,
} from '../../faults/history';

export const chargedAt = 1_000_000;

export function aPublished(overrides: Partial<PublishedPayment> = {}): PublishedPayment {
  return {
    key: 'k1',
    minorUnits: 9_999,
    currency: 'USD',
    customerId: 'CUST-1',
    outcome: 'charge',
    comesLater: false,
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
    ledger: undefined,
    events: [],
    rest: { messages: { 'payments.charge': 0 }, locks: [], settledAfterMs: 10 },
    ends: [{ consumer: 'consumer-0', how: 'asked', code: 0, signal: null, lastOutput: '' }],
    ...overrides,
  };
}

type Parts = Pick<History, 'published' | 'journal' | 'records' | 'sightings' | 'ledger' | 'events'>;

/** The same payment with a ledger, as a bank debit that was accepted first and succeeded later. */
export function aSettledPayment(
  ledger: Partial<LedgerFacts> = {},
  overrides: Partial<History> = {},
): Parts & Partial<History> {
  const status = (event: string) => ({ key: 'k1', event });
  const pending = aCharge({ at: chargedAt - 60, type: 'pending' });
  return {
    published: [aPublished({ comesLater: true })],
    journal: [pending, aCharge({ pendingSince: pending.at })],
    records: new Map([['k1', aRecord()]]),
    sightings: [
      { key: 'k1', at: chargedAt - 50, record: aRecord({ status: 'processing' }), claims: 1 },
      { key: 'k1', at: chargedAt + 50, record: aRecord(), claims: 1 },
    ],
    ledger: {
      rows: [aRow()],
      entries: ['attempt', 'attempt', 'processing', 'succeeded'].map(status),
      sightings: ['in-progress', 'processing', 'succeeded'].map((seen, at) => ({
        key: 'k1',
        at,
        status: seen,
      })),
      waitingEvents: 0,
      ...ledger,
    },
    events: [anEvent()],
    ...overrides,
  };
}

export function aRow(overrides: Partial<LedgerRow> = {}): LedgerRow {
  return {
    key: 'k1',
    status: 'succeeded',
    chargeId: 'pi_1',
    minorUnits: 9_999,
    currency: 'USD',
    ...overrides,
  };
}

export function anEvent(overrides: Partial<EventFact> = {}): EventFact {
  const facts = { key: 'k1', chargeId: 'pi_1', minorUnits: 9_999, currency: 'USD' };
  return { routingKey: 'payment.succeeded', ...facts, ...overrides };
}
