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

describe('a payment that was started and has no outcome', () => {
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
    const verdict = judge(facts({ claims: 1, ...known }), { ...scene, waitingMessages });
    expect(verdict).toEqual({ state: 'in-progress', problems: [] });
  });

  it('is broken if no message or consumer has it', () => {
    expect(judge(facts({ claims: 1 }), scene)).toMatchObject({ problems: [{ kind: 'without-end' }] });
  });
});

describe('a charge or record from before the period', () => {
  it('does not need a record, because the record has expired', () => {
    expect(judge(facts({ charges: [aCharge(hours(-1))] }), scene)).toEqual({
      state: 'succeeded',
      problems: [],
    });
  });

  it.each([
    { processedAt: hours(-1), problems: [] },
    { processedAt: hours(1), problems: [{ kind: 'recorded-without-charge' }] },
  ])('needs no charge if the record is older, too: recorded at $processedAt', ({ processedAt, problems }) => {
    const recorded = { kind: 'succeeded', chargeId: 'pi_1', processedAt } as const;
    expect(judge(facts({ recorded }), scene)).toMatchObject({ problems });
  });

  it('is still a charge without a record if work on its key has started again', () => {
    const verdict = judge(facts({ charges: [aCharge(hours(-1))], claims: 1 }), scene);
    expect(verdict).toMatchObject({ state: 'broken', problems: [{ kind: 'charged-without-record' }] });
  });

  it('is still a double charge', () => {
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
    // A replay would find nothing to record, because the gateway has already been asked.
    { reason: 'gateway-key-reused', kind: 'charged-without-record' },
  ])('is judged by its reason: $reason', ({ reason, kind }) => {
    const verdict = judge(facts({ charges: [aCharge()], deadLetters: [letter(reason)] }), scene);
    expect(verdict).toMatchObject({ problems: [{ kind }] });
  });
});
