import type { DeadLetter } from '../../../../src/operations/dead-letters/dead-letter';
import type { PaymentFacts } from '../../../../src/operations/reconciliation/payment-facts';
import { checkPayment } from '../../../../src/operations/reconciliation/payment-check';
import type { CheckContext } from '../../../../src/operations/reconciliation/payment-check';

const noon = new Date('2026-01-02T12:00:00Z');
const context: CheckContext = { waitingMessages: 0, since: noon, recordsSince: noon };
const hours = (count: number) => new Date(noon.getTime() + count * 3_600_000);
const aCharge = (createdAt = hours(1)) => ({ chargeId: 'pi_1', idempotencyKey: 'key', createdAt });

function facts(known: Partial<PaymentFacts>): PaymentFacts {
  return {
    idempotencyKey: 'key',
    recorded: undefined,
    attempts: 0,
    isHeld: false,
    charges: [],
    deadLetters: [],
    ...known,
  };
}

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
