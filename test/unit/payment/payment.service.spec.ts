import { Logger } from '@nestjs/common';
import type { Environment } from '../../../src/config/environment';
import { LeaseLostError, type IdempotencyContext } from 'nestjs-idempotent';
import {
  GatewayError,
  type Charge,
  type FoundCharge,
  type PaymentGateway,
} from '../../../src/payment/gateway/payment-gateway';
import type { Beginning, PaymentOutcomes } from '../../../src/payment/payment-outcomes';
import type { PaymentResult } from '../../../src/payment/payment.dto';
import { PaymentService } from '../../../src/payment/payment.service';

const retentionMs = 86_400_000;
const request = {
  paymentId: 'PAY-1',
  customerId: 'CUST-1',
  paymentMethodId: 'pm_card_visa',
  money: { minorUnits: 100, currency: 'USD' as const },
};
const charged = { kind: 'succeeded', chargeId: 'pi_charged' } as const;
const found = { kind: 'succeeded', chargeId: 'pi_found' } as const;

function run(
  context: Partial<IdempotencyContext>,
  finding: FoundCharge = found,
  beginning: Beginning = { kind: 'new', sinceFirstSeenMs: 0 },
) {
  const calls: { call: 'charge' | 'find'; charge: Charge }[] = [];
  const gateway: PaymentGateway = {
    charge: async (charge) => {
      calls.push({ call: 'charge', charge });
      return charged;
    },
    find: async (charge) => {
      calls.push({ call: 'find', charge });
      return finding;
    },
    look: () => Promise.reject(new Error('a charge looks at no other')),
    probe: () => Promise.resolve({ kind: 'reachable' }),
  };
  const outcomes = {
    begin: () => Promise.resolve(beginning),
    decided: ({ result }: { result: PaymentResult }) => Promise.resolve(result),
  } as unknown as PaymentOutcomes;
  const environment = { gatewayKeyRetentionSeconds: retentionMs / 1000 } as Environment;
  const result = new PaymentService(gateway, outcomes, environment).charge(request, {
    scope: 'payment',
    key: 'abc',
    replayed: false,
    attempt: 1,
    fencingToken: 1,
    sinceFirstAttemptMs: 0,
    sinceForgottenMs: undefined,
    signal: new AbortController().signal,
    remainingMs: 30_000,
    transaction: { native: undefined, query: () => Promise.resolve({ rows: [] }) },
    publish: () => Promise.resolve(),
    assertHeld: () => undefined,
    step: () => Promise.reject(new Error('a charge has no steps')),
    ...context,
  });
  return { result, calls, names: () => calls.map(({ call }) => call) };
}

beforeAll(() => {
  Logger.overrideLogger(false);
});
afterAll(() => {
  Logger.overrideLogger(['error', 'warn']);
});

describe('a lease that ended before the charge was sent', () => {
  it('prevents the charge', async () => {
    const assertHeld = () => {
      throw new LeaseLostError();
    };
    const { result, calls } = run({ assertHeld });
    await expect(result).rejects.toBeInstanceOf(LeaseLostError);
    expect(calls).toEqual([]);
  });
});

describe('a first attempt that is as old as the gateway keeps keys', () => {
  it('is repeated before the margin begins', async () => {
    const { result, names } = run({ sinceFirstAttemptMs: retentionMs * 0.94 });
    expect(await result).toMatchObject({ chargeId: 'pi_charged' });
    expect(names()).toEqual(['charge']);
  });

  it('is only looked up within the margin', async () => {
    const { result, names } = run({ sinceFirstAttemptMs: retentionMs * 0.96 });
    expect(await result).toMatchObject({ chargeId: 'pi_found' });
    expect(names()).toEqual(['find']);
  });

  it('is never charged again if it is not found, even if that is certain', async () => {
    for (const nothing of [{ kind: 'not-found', isCertain: true }, { kind: 'key-reused' }] as const) {
      const { result, names } = run(
        { sinceFirstAttemptMs: retentionMs, sinceForgottenMs: retentionMs },
        nothing,
      );
      await expect(result).rejects.toMatchObject({ failure: { kind: 'outcome-unknown' } });
      expect(names()).toEqual(['find']);
    }
  });
});

describe('a payment that waited here for so long that an earlier copy may be forgotten', () => {
  const sinceForgottenMs = 3_600_000;

  it('is looked up first, from the time when that copy may have been charged; a result that is found counts', async () => {
    const { result, calls, names } = run({ sinceForgottenMs });
    expect(await result).toMatchObject({ chargeId: 'pi_found' });
    expect(names()).toEqual(['find']);
    expect(Date.now() - Number(calls[0]?.charge.firstAttemptAt)).toBeGreaterThanOrEqual(sinceForgottenMs);
  });

  it('is charged if the gateway certainly has no such payment', async () => {
    const { result, names } = run({ sinceForgottenMs }, { kind: 'not-found', isCertain: true });
    expect(await result).toMatchObject({ chargeId: 'pi_charged' });
    expect(names()).toEqual(['find', 'charge']);
  });

  it('is not charged if not all payments of the gateway could be checked', async () => {
    const { result, names } = run({ sinceForgottenMs }, { kind: 'not-found', isCertain: false });
    await expect(result).rejects.toBeInstanceOf(GatewayError);
    expect(names()).toEqual(['find']);
  });

  it('is rejected if the gateway has the key on another payment, as the gateway itself would have done', async () => {
    const { result, names } = run({ sinceForgottenMs }, { kind: 'key-reused' });
    await expect(result).rejects.toBeInstanceOf(GatewayError);
    await expect(result).rejects.toMatchObject({ failure: { kind: 'key-reused' } });
    expect(names()).toEqual(['find']);
  });
});

describe('a payment that the ledger knows', () => {
  it('is answered from there if it has a result, without the gateway', async () => {
    const known = { paymentId: 'PAY-1', amountMinorUnits: 100, currency: 'USD' };
    const result = { ...known, status: 'succeeded', chargeId: 'pi_known' } as const;
    const answered = run({}, found, { kind: 'known', result });
    expect(await answered.result).toEqual(result);
    expect(answered.names()).toEqual([]);
  });

  it('counts as begun when the ledger saw it first, although Redis knows nothing of that', async () => {
    const begun = { kind: 'new', sinceFirstSeenMs: retentionMs * 0.96 } as const;
    const { result, names } = run({ sinceFirstAttemptMs: 0 }, found, begun);
    expect(await result).toMatchObject({ chargeId: 'pi_found' });
    expect(names()).toEqual(['find']);
  });
});
