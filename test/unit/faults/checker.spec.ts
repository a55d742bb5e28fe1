import { check } from '../../faults/checker';
import { goodDeadLetters } from '../../faults/checker/dead-letters';
import type { History } from '../../faults/history';
import { aCharge, aHistory, aPublished, aRecord, chargedAt } from './histories';

const aHostile = { messageId: 'h1', what: 'no key', reason: 'missing-idempotency-key', confirmed: true };
const givenUp = (reason: string) => ({ messageId: 'm1', key: 'k1', reason });
const sighting = (at: number, record: string | undefined, claims = 1) => ({
  key: 'k1',
  at,
  record,
  claims,
});

function rulesBroken(history: History): string[] {
  return [...new Set(check(history).map(({ rule }) => rule))];
}

describe('the checker finds nothing in', () => {
  it.each<[string, Partial<History>]>([
    ['a run without problems', {}],
    [
      'a declined payment',
      {
        published: [aPublished({ outcome: 'decline' })],
        journal: [aCharge({ type: 'decline' })],
        records: new Map([['k1', aRecord({ status: 'declined' })]]),
        sightings: [],
      },
    ],
    [
      'a payment that was not confirmed and did not arrive',
      { ...nothingDone(), published: [aPublished({ confirmedAt: undefined })] },
    ],
    [
      'a record that is gone after a flush',
      { records: new Map(), claims: new Map(), flushes: [chargedAt + 100] },
    ],
    [
      'another record with the same result after a flush',
      { records: new Map([['k1', aRecord({ at: 'T2' })]]), flushes: [chargedAt + 100] },
    ],
    [
      'hostile messages among the dead letters',
      { hostile: [aHostile], deadLetters: [{ messageId: 'h1', key: undefined, reason: aHostile.reason }] },
    ],
    [
      'a payment given up after a lost answer',
      {
        records: new Map(),
        claims: new Map(),
        sightings: [],
        deadLetters: [givenUp('retries-exhausted')],
      },
    ],
    [
      'an event that no queue took, of a payment that was charged',
      { deadLetters: [{ messageId: 'e1', key: 'k1', reason: 'event-undeliverable' }] },
    ],
    [
      'a copy that was refused because a second payload claimed the key after a flush',
      {
        hostile: [{ ...aHostile, reason: 'idempotency-key-reused', reusedKey: 'k1' }],
        deadLetters: [
          { messageId: 'h1', key: 'k1', reason: 'idempotency-key-reused' },
          givenUp('idempotency-key-reused'),
        ],
        flushes: [chargedAt + 100],
      },
    ],
  ])('%s', (_, overrides) => {
    expect(check(aHistory(overrides))).toEqual([]);
  });
});

describe('the checker finds', () => {
  it.each<[string, string, Partial<History>]>([
    ['two charges of one payment', 'charged once', { journal: [aCharge(), aCharge({ id: 'pi_2' })] }],
    [
      'a charge and a decline of one payment',
      'charged once',
      { journal: [aCharge(), aCharge({ id: 'pi_2', type: 'decline' })] },
    ],
    ['a confirmed payment without an outcome', 'nothing lost', nothingDone()],
    [
      'a confirmed payment without an outcome, only with an event',
      'nothing lost',
      { ...nothingDone(), deadLetters: [{ messageId: 'e1', key: 'k1', reason: 'event-undeliverable' }] },
    ],
    [
      'a charge without a record, with only an event among the dead letters',
      'record and gateway agree',
      {
        records: new Map(),
        sightings: [],
        deadLetters: [{ messageId: 'e1', key: 'k1', reason: 'event-undeliverable' }],
      },
    ],
    [
      'an event of a payment that was declined',
      'dead letters are right',
      {
        published: [aPublished({ outcome: 'decline' })],
        journal: [aCharge({ type: 'decline' })],
        records: new Map([['k1', aRecord({ status: 'declined' })]]),
        sightings: [],
        deadLetters: [{ messageId: 'e1', key: 'k1', reason: 'event-undeliverable' }],
      },
    ],
    [
      'a payment given up for failures that were not its own',
      'dead letters are right',
      { published: [aPublished({ mustSucceed: true })], deadLetters: [givenUp('retries-exhausted')] },
    ],
    [
      'a lost payment whose key another message tried to use',
      'nothing lost',
      {
        ...nothingDone(),
        hostile: [{ ...aHostile, reason: 'idempotency-key-reused', reusedKey: 'k1' }],
        deadLetters: [{ messageId: 'h1', key: 'k1', reason: 'idempotency-key-reused' }],
      },
    ],
    ['another amount', 'as published', { journal: [aCharge({ amount: 99.99 })] }],
    ['another currency', 'as published', { journal: [aCharge({ currency: 'eur' })] }],
    ['another customer', 'as published', { journal: [aCharge({ customerId: 'CUST-2' })] }],
    ['a charge of a card that declines', 'as published', { published: [aPublished({ outcome: 'decline' })] }],
    ['a charge that was not published', 'charged only what was published', { published: [] }],
    ['a record without a charge', 'record and gateway agree', { journal: [] }],
    ['a record of another charge', 'record and gateway agree', { journal: [aCharge({ id: 'pi_2' })] }],
    [
      'a charge recorded as declined',
      'record and gateway agree',
      { records: new Map([['k1', aRecord({ status: 'declined' })]]) },
    ],
    [
      'a charge without a record, although Redis kept all',
      'record and gateway agree',
      { records: new Map(), sightings: [] },
    ],
    [
      'a charge after the flush without a record',
      'record and gateway agree',
      { records: new Map(), sightings: [], flushes: [chargedAt - 100] },
    ],
    [
      'a record that was written again',
      'a result only goes forward',
      { sightings: [sighting(1, aRecord({ at: 'T0' }))] },
    ],
    [
      'a record that vanished',
      'a result only goes forward',
      { records: new Map(), flushes: [chargedAt - 100] },
    ],
    [
      'another result after a flush',
      'a result only goes forward',
      { sightings: [sighting(1, aRecord({ chargeId: 'pi_0' }))], flushes: [2] },
    ],
    [
      'claims that fall',
      'tokens grow',
      { sightings: [sighting(1, undefined, 3), sighting(2, undefined, 2)] },
    ],
    ['a record of an owner that was not the last one', 'tokens grow', { claims: new Map([['k1', 2]]) }],
    ['a hostile message that vanished', 'dead letters are right', { hostile: [aHostile] }],
    [
      'a hostile message with another reason',
      'dead letters are right',
      { hostile: [aHostile], deadLetters: [{ messageId: 'h1', key: undefined, reason: 'invalid-message' }] },
    ],
    [
      'a good message called invalid',
      'dead letters are right',
      { deadLetters: [givenUp('invalid-message')] },
    ],
    [
      'a good message called a reuse without one',
      'dead letters are right',
      { deadLetters: [givenUp('idempotency-key-reused')] },
    ],
    [
      'a message that is left in a queue',
      'nothing left over',
      { rest: { ...aHistory().rest, messages: { 'payments.charge': 1 } } },
    ],
    [
      'a lock that is not released',
      'nothing left over',
      { rest: { ...aHistory().rest, locks: ['lock:payment:k1'] } },
    ],
    [
      'a run that never came to rest',
      'nothing left over',
      { rest: { ...aHistory().rest, settledAfterMs: undefined } },
    ],
    ['a consumer that ends with 1 when asked', 'consumers exit cleanly', { ends: [anEnd({ code: 1 })] }],
    ['a consumer that ends unasked', 'consumers exit cleanly', { ends: [anEnd({ how: 'unasked' })] }],
  ])('%s', (_, rule, overrides) => {
    expect(rulesBroken(aHistory(overrides))).toContain(rule);
  });
});

describe('good payments among the dead letters', () => {
  it('are counted with their reasons, not as a success', () => {
    const history = aHistory({
      ...nothingDone(),
      deadLetters: [givenUp('retries-exhausted'), givenUp('delivery-limit')],
    });
    expect(goodDeadLetters(history)).toEqual([
      { key: 'k1', reasons: ['retries-exhausted', 'delivery-limit'], hasOutcome: false },
    ]);
  });

  it('are told apart from those that were charged nevertheless', () => {
    const history = aHistory({ deadLetters: [givenUp('retries-exhausted')] });
    expect(goodDeadLetters(history)).toMatchObject([{ hasOutcome: true }]);
  });

  it('do not include hostile messages', () => {
    const history = aHistory({
      hostile: [aHostile],
      deadLetters: [{ messageId: 'h1', key: 'k1', reason: aHostile.reason }],
    });
    expect(goodDeadLetters(history)).toEqual([]);
  });
});

function nothingDone(): Partial<History> {
  return { journal: [], records: new Map(), claims: new Map(), sightings: [] };
}

function anEnd(overrides: Partial<History['ends'][number]>): History['ends'][number] {
  return { consumer: 'consumer-0', how: 'asked', code: 0, signal: null, lastOutput: '', ...overrides };
}
