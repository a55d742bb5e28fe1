import type { CheckContext, PaymentFacts } from '../../../../src/operations/reconciliation/payment-facts';
import type { GatewayCharge } from '../../../../src/payment/gateway/gateway-charges';

const noon = new Date('2026-01-02T12:00:00Z');

export const context: CheckContext = {
  waitingMessages: 0,
  since: noon,
  recordsSince: noon,
  ledgerSince: undefined,
};

export function hours(count: number): Date {
  return new Date(noon.getTime() + count * 3_600_000);
}

export function aCharge(createdAt = hours(1)): GatewayCharge {
  return { chargeId: 'pi_1', idempotencyKey: 'key', createdAt, hasSucceeded: true };
}

/** What is known of a payment; without more, nothing. */
export function facts(known: Partial<PaymentFacts>): PaymentFacts {
  return {
    idempotencyKey: 'key',
    recorded: undefined,
    attempts: 0,
    isHeld: false,
    charges: [],
    deadLetters: [],
    inLedger: undefined,
    ...known,
  };
}
