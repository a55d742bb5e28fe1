import { check } from '../../faults/checker';
import type { History } from '../../faults/history';
import { aCharge, aHistory, anEvent, aRecord, aRow, aSettledPayment, chargedAt } from './histories';

const entries = (...events: string[]) => ({ entries: events.map((event) => ({ key: 'k1', event })) });
const seen = (...statuses: string[]) => ({
  sightings: statuses.map((status, at) => ({ key: 'k1', at, status })),
});
const givenUp = { deadLetters: [{ messageId: 'm1', key: 'k1', reason: 'retries-exhausted' }] };
const accepted = aCharge({ at: chargedAt - 60, type: 'pending' });

/** A bank debit that failed later. */
function aFailedPayment(status = 'failed', overrides: Partial<History> = {}): Partial<History> {
  const { published, ...settled } = aSettledPayment({
    rows: [aRow({ status })],
    ...entries('attempt', ...(status === 'failed' ? ['processing'] : []), status),
    ...seen('in-progress', status),
  });
  return {
    ...settled,
    published: published.map((payment) => ({ ...payment, outcome: 'decline' })),
    journal: [accepted, aCharge({ type: 'decline', pendingSince: accepted.at })],
    records: new Map([['k1', aRecord({ status })]]),
    sightings: [],
    events: [anEvent({ routingKey: 'payment.failed' })],
    ...overrides,
  };
}

describe('with a ledger the checker finds nothing in', () => {
  it.each<[string, Partial<History>]>([
    ['a payment that succeeded later', aSettledPayment()],
    ['a payment that failed later', aFailedPayment()],
    ['a payment that was accepted, and declined before anyone saw it', aFailedPayment('declined')],
    [
      'a payment that was accepted before Redis was flushed, and ended after it',
      aSettledPayment(
        {},
        { records: new Map(), claims: new Map(), sightings: [], flushes: [chargedAt - 10] },
      ),
    ],
    ['an event that was published twice', aSettledPayment({}, { events: [anEvent(), anEvent()] })],
    [
      'notes about messages',
      aSettledPayment(
        entries('attempt', 'delayed', 'attempt', 'processing', 'delayed', 'succeeded', 'dead-lettered'),
      ),
    ],
    [
      'a payment given up after a lost answer',
      aSettledPayment(
        {
          rows: [aRow({ status: 'in-progress', chargeId: undefined })],
          ...entries('attempt'),
          ...seen('in-progress'),
        },
        { ...givenUp, records: new Map(), claims: new Map(), sightings: [], events: [] },
      ),
    ],
  ])('%s', (_, overrides) => {
    expect(check(aHistory(overrides))).toEqual([]);
  });
});

describe('with a ledger the checker finds', () => {
  it.each<[string, string, Partial<History>]>([
    ['an end that is not in the ledger', 'ledger and gateway agree', aSettledPayment({ rows: [] })],
    [
      'a payment that is still processing',
      'ledger and gateway agree',
      aSettledPayment({ rows: [aRow({ status: 'processing' })] }),
    ],
    [
      'a payment that is in progress, and no dead letter',
      'ledger and gateway agree',
      aSettledPayment({ rows: [aRow({ status: 'in-progress', chargeId: undefined })] }),
    ],
    [
      'a success without a charge',
      'ledger and gateway agree',
      aSettledPayment({}, { journal: [accepted, aCharge({ type: 'cancel', pendingSince: accepted.at })] }),
    ],
    [
      'a failure of what was charged',
      'ledger and gateway agree',
      aFailedPayment('failed', { journal: [accepted, aCharge({ pendingSince: accepted.at })] }),
    ],
    [
      'a card that was declined at once, as a later failure',
      'ledger and gateway agree',
      aFailedPayment('failed', { journal: [aCharge({ type: 'decline' })] }),
    ],
    ['another charge', 'ledger and gateway agree', aSettledPayment({ rows: [aRow({ chargeId: 'pi_2' })] })],
    ['another amount', 'ledger and gateway agree', aSettledPayment({ rows: [aRow({ minorUnits: 1 })] })],
    ['another currency', 'ledger and gateway agree', aSettledPayment({ rows: [aRow({ currency: 'EUR' })] })],
    ['an event that is never published', 'ledger and gateway agree', aSettledPayment({ waitingEvents: 1 })],
    [
      'a record of another status',
      'record and ledger agree',
      aSettledPayment({}, { records: new Map([['k1', aRecord({ status: 'processing' })]]) }),
    ],
    [
      'a record of another charge',
      'record and ledger agree',
      aSettledPayment({}, { records: new Map([['k1', aRecord({ chargeId: 'pi_2' })]]) }),
    ],
    [
      'a record of a payment that the ledger does not have',
      'record and ledger agree',
      aSettledPayment({ rows: [] }),
    ],
    [
      'a payment that ended twice',
      'no state goes back',
      aSettledPayment(entries('attempt', 'processing', 'succeeded', 'succeeded')),
    ],
    [
      'an attempt after the gateway had accepted it',
      'no state goes back',
      aSettledPayment(entries('attempt', 'processing', 'attempt', 'succeeded')),
    ],
    [
      'an end that was taken back meanwhile',
      'no state goes back',
      aSettledPayment(seen('processing', 'failed', 'succeeded')),
    ],
    [
      'an end that was seen, and is not there at rest',
      'no state goes back',
      aSettledPayment({ rows: [aRow({ status: 'processing' })], ...seen('succeeded') }),
    ],
    [
      'a status without a line in its history',
      'no state goes back',
      aSettledPayment(entries('attempt', 'processing')),
    ],
    ['an end without an event', 'each end is told', aSettledPayment({}, { events: [] })],
    [
      'an event of the other end',
      'each end is told',
      aSettledPayment({}, { events: [anEvent(), anEvent({ routingKey: 'payment.failed' })] }),
    ],
    [
      'an event of another charge',
      'each end is told',
      aSettledPayment({}, { events: [anEvent({ chargeId: 'pi_2' })] }),
    ],
    [
      'an event of another amount',
      'each end is told',
      aSettledPayment({}, { events: [anEvent({ minorUnits: 1 })] }),
    ],
    [
      'an event about no payment',
      'each end is told',
      aSettledPayment({}, { events: [anEvent(), anEvent({ key: undefined })] }),
    ],
    [
      'a result that went back',
      'a result only goes forward',
      aSettledPayment({}, { records: new Map([['k1', aRecord({ status: 'processing' })]]) }),
    ],
    [
      'a result that went back after a flush',
      'a result only goes forward',
      aSettledPayment(
        {},
        {
          sightings: [{ key: 'k1', at: 1, record: aRecord(), claims: 1 }],
          records: new Map([['k1', aRecord({ status: 'processing' })]]),
          flushes: [2],
        },
      ),
    ],
    [
      'an end with which more than the result changed',
      'a result only goes forward',
      aSettledPayment({}, { records: new Map([['k1', aRecord({ at: 'T2' })]]) }),
    ],
    [
      'an end of another charge',
      'a result only goes forward',
      aSettledPayment({}, { records: new Map([['k1', aRecord({ chargeId: 'pi_2' })]]) }),
    ],
  ])('%s', (_, rule, overrides) => {
    expect(check(aHistory(overrides)).map((finding) => finding.rule)).toContain(rule);
  });
});
