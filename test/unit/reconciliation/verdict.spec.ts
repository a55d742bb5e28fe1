import type { DeadLetter } from '../../../src/dead-letters/dead-letter';
import type { PaymentFacts } from '../../../src/reconciliation/payment-facts';
import { judge } from '../../../src/reconciliation/verdict';
import type { Scene } from '../../../src/reconciliation/verdict';

const noon = new Date('2026-01-02T12:00:00Z');
const scene: Scene = { waitingMessages: 0, since: noon, recordsSince: noon };
const hours = (count: number) => new Date(noon.getTime() + count * 3_600_000);
const aCharge = (createdAt = hours(1)) => ({ chargeId: 'pi_1', idempotencyKey: 'key', createdAt });

function facts(known: Partial<PaymentFacts>): PaymentFacts {
  return {
    idempotencyKey: 'key',
    recorded: undefined,
    claims: 0,
    isHeld: false,
    charges: [],
    deadLetters: [],
    ...known,
  };
}

describe('a payment that has begun and has no end', () => {
  it.each([
    { where: 'a consumer holds it', known: { isHeld: true }, waitingMessages: 0 },
    { where: 'messages wait that may be it', known: {}, waitingMessages: 1 },
    {
      where: 'a consumer holds it, charged already',
      known: { isHeld: true, charges: [aCharge()] },
      waitingMessages: 0,
    },
    { where: 'messages wait, charged already', known: { charges: [aCharge()] }, waitingMessages: 1 },
  ])('is in progress when $where', ({ known, waitingMessages }) => {
    const verdict = judge(facts({ claims: 1, ...known }), { ...scene, waitingMessages });
    expect(verdict).toEqual({ state: 'in-progress', problems: [] });
  });

  it('is broken when it is nowhere', () => {
    expect(judge(facts({ claims: 1 }), scene)).toMatchObject({ problems: [{ kind: 'without-end' }] });
  });
});

describe('what is older than the look goes back', () => {
  it('is no missing record: it has run out', () => {
    expect(judge(facts({ charges: [aCharge(hours(-1))] }), scene)).toEqual({
      state: 'succeeded',
      problems: [],
    });
  });

  it.each([
    { processedAt: hours(-1), problems: [] },
    { processedAt: hours(1), problems: [{ kind: 'recorded-without-charge' }] },
  ])('is no missing charge: recorded at $processedAt', ({ processedAt, problems }) => {
    const recorded = { kind: 'succeeded', chargeId: 'pi_1', processedAt } as const;
    expect(judge(facts({ recorded }), scene)).toMatchObject({ problems });
  });

  it('is a charge without a record all the same when work on its key has begun anew', () => {
    const verdict = judge(facts({ charges: [aCharge(hours(-1))], claims: 1 }), scene);
    expect(verdict).toMatchObject({ state: 'broken', problems: [{ kind: 'charged-without-record' }] });
  });

  it('is a double charge all the same', () => {
    const charges = [aCharge(hours(-2)), { ...aCharge(hours(-1)), chargeId: 'pi_2' }];
    expect(judge(facts({ charges }), scene)).toMatchObject({
      state: 'broken',
      problems: [{ kind: 'charged-twice', detail: 'charged 2 times, as pi_1, pi_2; no record names one' }],
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
    // Replaying it would find nothing to record: the gateway has looked.
    { reason: 'gateway-key-reused', kind: 'charged-without-record' },
  ])('is judged by its reason: $reason', ({ reason, kind }) => {
    const verdict = judge(facts({ charges: [aCharge()], deadLetters: [letter(reason)] }), scene);
    expect(verdict).toMatchObject({ problems: [{ kind }] });
  });
});
