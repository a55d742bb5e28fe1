import type { DeadLetter } from '../../../../src/operations/dead-letters/dead-letter';
import { checkPayment } from '../../../../src/operations/reconciliation/payment-check';
import type { CheckContext, InLedger } from '../../../../src/operations/reconciliation/payment-facts';
import { aCharge, context as withoutLedger, facts, hours } from './facts';

const context: CheckContext = { ...withoutLedger, ledgerSince: hours(-2) };
const recorded = { kind: 'succeeded', chargeId: 'pi_1', processedAt: hours(1) } as const;
const letter: DeadLetter = {
  id: '0123456789ab',
  reason: 'retries-exhausted',
  endsPayment: true,
  detail: 'why',
  attempts: 1,
  routingKey: 'payment.requested',
  idempotencyKey: 'key',
};

function row(status: InLedger['status'], fields: Partial<InLedger> = {}): InLedger {
  const isEnded = status !== 'in-progress' && status !== 'processing';
  const chargeId = status === 'in-progress' || status === 'declined' ? undefined : 'pi_1';
  return { status, chargeId, attempts: 1, settledAt: isEnded ? hours(1) : undefined, ...fields };
}

describe('a payment of which Redis knows nothing any more', () => {
  it.each([
    { inLedger: row('succeeded'), charges: [aCharge()], state: 'succeeded' },
    { inLedger: row('declined'), charges: [], state: 'declined' },
    { inLedger: row('failed'), charges: [], state: 'failed' },
    { inLedger: row('processing'), charges: [{ ...aCharge(), hasSucceeded: false }], state: 'processing' },
  ])('is $state if the ledger says so and the gateway agrees', ({ inLedger, charges, state }) => {
    expect(checkPayment(facts({ inLedger, charges }), context)).toEqual({ state, problems: [] });
  });

  it.each([
    { inLedger: row('declined'), kind: 'charged-although-declined', detail: 'in the ledger declined' },
    { inLedger: row('failed'), kind: 'charged-although-failed', detail: 'in the ledger failed (pi_1)' },
  ])('is broken with $kind if money has moved', ({ inLedger, kind, detail }) => {
    expect(checkPayment(facts({ inLedger, charges: [aCharge()] }), context)).toMatchObject({
      problems: [{ kind, detail: `${detail}, charged as pi_1` }],
    });
  });

  it('is in progress while messages wait and the ledger knows of an attempt', () => {
    const known = facts({ inLedger: row('in-progress'), charges: [aCharge()] });
    expect(checkPayment(known, { ...context, waitingMessages: 1 })).toEqual({
      state: 'in-progress',
      problems: [],
    });
  });

  it('is without an end if the ledger knows of attempts alone', () => {
    const known = facts({ inLedger: row('in-progress', { attempts: 3 }) });
    expect(checkPayment(known, context)).toMatchObject({
      problems: [{ kind: 'without-end', detail: expect.stringContaining('begun 3 times') }],
    });
  });

  it('has two ends if a dead letter waits', () => {
    const known = facts({ inLedger: row('succeeded'), charges: [aCharge()], deadLetters: [letter] });
    expect(checkPayment(known, context)).toMatchObject({
      problems: [
        { kind: 'recorded-and-dead-letter', detail: expect.stringMatching(/^in the ledger succeeded/) },
      ],
    });
  });
});

describe('a record and a row of the ledger', () => {
  it.each([
    { of: 'the same outcome', inLedger: row('succeeded') },
    { of: 'an end that the ledger does not have yet', inLedger: row('processing') },
  ])('do not differ with $of', ({ inLedger }) => {
    const { problems } = checkPayment(facts({ recorded, inLedger, charges: [aCharge()] }), context);
    expect(problems).toEqual([]);
  });

  it('count as processing while the ledger does not have the end yet', () => {
    const known = facts({ recorded, inLedger: row('processing'), charges: [aCharge()] });
    expect(checkPayment(known, context).state).toBe('processing');
  });

  it.each([
    { inLedger: row('failed'), advice: 'delete the record' },
    { inLedger: row('succeeded', { chargeId: 'pi_2' }), advice: 'delete the record' },
    { inLedger: row('processing', { chargeId: 'pi_2' }), advice: 'delete the record' },
    // Without its record, it would be a payment that can be charged.
    { inLedger: row('in-progress'), advice: 'Keep the record' },
  ])('differ if the ledger has $inLedger.status ($inLedger.chargeId)', ({ inLedger, advice }) => {
    const known = facts({ recorded, inLedger, charges: [aCharge(), { ...aCharge(), chargeId: 'pi_1' }] });
    const { problems } = checkPayment(known, context);
    expect(problems).toContainEqual({
      kind: 'ledger-differs-from-record',
      detail: expect.stringMatching(/^recorded as succeeded \(pi_1\), in the ledger /),
      advice: expect.stringContaining(advice),
    });
  });
});

describe('a record of a payment that the ledger does not know', () => {
  it.each([
    { recordedAt: 'after', processedAt: hours(-1), problems: [{ kind: 'recorded-not-in-ledger' }] },
    { recordedAt: 'before', processedAt: hours(-3), problems: [] },
  ])('recorded $recordedAt the ledger was switched on', ({ processedAt, problems }) => {
    const known = facts({ recorded: { ...recorded, processedAt }, charges: [aCharge()] });
    expect(checkPayment(known, context)).toMatchObject({ problems });
  });

  it('is not broken without a ledger', () => {
    expect(checkPayment(facts({ recorded, charges: [aCharge()] }), withoutLedger).problems).toEqual([]);
  });
});

describe('a payment that succeeded in the ledger, and that the gateway does not know', () => {
  it.each([
    { ended: 'in', settledAt: hours(1), problems: [{ kind: 'ledger-without-charge' }] },
    { ended: 'before', settledAt: hours(-1), problems: [] },
  ])('is broken only if it ended in the period: $ended', ({ settledAt, problems }) => {
    const known = facts({ inLedger: row('succeeded', { settledAt }) });
    expect(checkPayment(known, context)).toMatchObject({ problems });
  });
});

describe('a charge of the period that the ledger has not', () => {
  const kinds = (known: Parameters<typeof facts>[0], given: Partial<CheckContext> = {}) =>
    checkPayment(facts({ charges: [aCharge()], ...known }), { ...context, ...given }).problems.map(
      ({ kind }) => kind,
    );

  it.each([{ inLedger: undefined }, { inLedger: row('in-progress') }])(
    'is broken with the row $inLedger.status',
    ({ inLedger }) => {
      expect(kinds({ inLedger })).toEqual(['charged-without-record', 'charged-not-in-ledger']);
    },
  );

  it.each([
    { when: 'a consumer processes it', known: { isHeld: true } },
    { when: 'messages wait', known: { attempts: 1 }, given: { waitingMessages: 1 } },
  ])('is in progress when $when', ({ known, given }) => {
    expect(kinds(known, given)).toEqual([]);
  });

  it('is found by its dead letter', () => {
    expect(kinds({ inLedger: row('in-progress'), deadLetters: [letter] })).toEqual([
      'charged-and-dead-letter',
    ]);
  });

  it.each(['since', 'ledgerSince'] as const)(
    'is missing also if it was made in the second of %s: the gateway gives whole seconds',
    (moment) => {
      const given = { [moment]: new Date(hours(1).getTime() + 999) };
      expect(kinds({ charges: [aCharge(hours(1))] }, given)).toContain('charged-not-in-ledger');
    },
  );

  it('is not missing if it was made before the ledger was switched on', () => {
    expect(kinds({}, { ledgerSince: hours(2) })).toEqual(['charged-without-record']);
  });
});
