import type { DeadLetter } from '../../../../src/operations/dead-letters/dead-letter';
import { checkPayment } from '../../../../src/operations/reconciliation/payment-check';
import { aCharge, context, facts, hours } from './facts';

describe('a payment that has begun and has no end yet', () => {
  it.each([
    { where: 'a consumer processes it', known: { isHeld: true }, waitingMessages: 0 },
    { where: 'waiting messages may belong to it', known: {}, waitingMessages: 1 },
    {
      where: 'a consumer processes it after the charge',
      known: { isHeld: true, charges: [aCharge()] },
      waitingMessages: 0,
    },
    { where: 'messages wait after the charge', known: { charges: [aCharge()] }, waitingMessages: 1 },
  ])('is in progress when $where', ({ known, waitingMessages }) => {
    const check = checkPayment(facts({ attempts: 1, ...known }), { ...context, waitingMessages });
    expect(check).toEqual({ state: 'in-progress', problems: [] });
  });

  it('is broken when no source has it', () => {
    expect(checkPayment(facts({ attempts: 1 }), context)).toMatchObject({
      problems: [{ kind: 'without-end' }],
    });
  });
});

describe('a payment from before the period', () => {
  it('is not a missing record: the record has expired', () => {
    expect(checkPayment(facts({ charges: [aCharge(hours(-1))] }), context)).toEqual({
      state: 'succeeded',
      problems: [],
    });
  });

  it.each([
    { processedAt: hours(-1), problems: [] },
    { processedAt: hours(1), problems: [{ kind: 'recorded-without-charge' }] },
  ])(
    'recorded at $processedAt lacks a charge only if it was recorded within the period',
    ({ processedAt, problems }) => {
      const recorded = { kind: 'succeeded', chargeId: 'pi_1', processedAt } as const;
      expect(checkPayment(facts({ recorded }), context)).toMatchObject({ problems });
    },
  );

  it('is a charge without a record if a new attempt on its key has begun', () => {
    const check = checkPayment(facts({ charges: [aCharge(hours(-1))], attempts: 1 }), context);
    expect(check).toMatchObject({ state: 'broken', problems: [{ kind: 'charged-without-record' }] });
  });

  it('is still a double charge', () => {
    const charges = [aCharge(hours(-2)), { ...aCharge(hours(-1)), chargeId: 'pi_2' }];
    expect(checkPayment(facts({ charges }), context)).toMatchObject({
      state: 'broken',
      problems: [
        { kind: 'charged-twice', detail: 'charged 2 times, as pi_1, pi_2; no record names any of them' },
      ],
    });
  });
});

describe('a charge under the key of a dead letter', () => {
  const letter = (reason: string): DeadLetter => ({
    id: '0123456789ab',
    reason,
    endsPayment: true,
    detail: 'why',
    attempts: 1,
    routingKey: 'payment.requested',
    idempotencyKey: 'key',
  });

  it.each([
    { reason: 'retries-exhausted', kind: 'charged-and-dead-letter' },
    // A replay would find nothing to record, because the gateway has already been asked.
    { reason: 'gateway-key-reused', kind: 'charged-without-record' },
  ])('is checked by its reason: $reason', ({ reason, kind }) => {
    const check = checkPayment(facts({ charges: [aCharge()], deadLetters: [letter(reason)] }), context);
    expect(check).toMatchObject({ problems: [{ kind }] });
  });
});

describe('a payment whose outcome comes later', () => {
  const recorded = { kind: 'processing', chargeId: 'pi_1', processedAt: hours(1) } as const;

  it.each([
    { gateway: 'still waits for the bank', charges: [{ ...aCharge(), hasSucceeded: false }] },
    { gateway: 'has the money', charges: [aCharge()] },
    { gateway: 'does not expect the money any more', charges: [] },
  ])('is processing when the gateway $gateway', ({ charges }) => {
    expect(checkPayment(facts({ recorded, charges }), context)).toEqual({
      state: 'processing',
      problems: [],
    });
  });

  it('is processing when its record has expired and no money has moved', () => {
    const charges = [{ ...aCharge(hours(-1)), hasSucceeded: false }];
    expect(checkPayment(facts({ charges }), context)).toEqual({ state: 'processing', problems: [] });
  });

  it('is charged twice when the money has moved under another charge', () => {
    const charges = [
      { ...aCharge(), hasSucceeded: false },
      { ...aCharge(), chargeId: 'pi_2' },
    ];
    expect(checkPayment(facts({ recorded, charges }), context)).toMatchObject({
      problems: [{ kind: 'charged-twice', detail: 'charged 2 times, as pi_2, pi_1; the record names pi_1' }],
    });
  });
});

describe('a payment that failed after it was processing', () => {
  const recorded = { kind: 'failed', chargeId: 'pi_1', processedAt: hours(1) } as const;

  it.each([
    { gateway: 'has no charge', charges: [] },
    { gateway: 'listed the charge before it failed', charges: [{ ...aCharge(), hasSucceeded: false }] },
  ])('is failed when the gateway $gateway', ({ charges }) => {
    expect(checkPayment(facts({ recorded, charges }), context)).toEqual({ state: 'failed', problems: [] });
  });

  it('is broken when its money has moved', () => {
    expect(checkPayment(facts({ recorded, charges: [aCharge()] }), context)).toMatchObject({
      state: 'broken',
      problems: [{ kind: 'charged-although-failed', detail: 'recorded as failed (pi_1), charged as pi_1' }],
    });
  });
});
