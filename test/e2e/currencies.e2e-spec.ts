import { parseEnvironment } from '../../src/config/parse-environment';
import type { Charge } from '../../src/payment/gateway/payment-gateway';
import { StripeGateway } from '../../src/payment/gateway/stripe-gateway';
import { toMoney } from '../../src/money/money';
import { presentmentCurrencies } from '../../src/dev/sandbox/presentment-currencies';
import { newGatewayKey, messageKey } from '../support/gateway-client';
import { startSandbox } from '../support/sandbox';
import type { Sandbox } from '../support/sandbox';

let sandbox: Sandbox;
let gateway: StripeGateway;

beforeAll(async () => {
  sandbox = await startSandbox();
  gateway = new StripeGateway(
    parseEnvironment({
      RABBITMQ_URL: 'amqp://localhost',
      REDIS_URL: 'redis://localhost',
      STRIPE_API_KEY: 'sk_test_e2e',
      STRIPE_API_BASE: sandbox.url,
    }),
  );
});

afterAll(() => sandbox.stop());

async function chargeAtGateway(amount: number, currency: string): Promise<unknown> {
  const key = newGatewayKey();
  const charge: Charge = {
    idempotencyKey: messageKey(key),
    paymentId: 'PAY-001',
    customerId: 'CUST-001',
    paymentMethodId: 'pm_card_visa',
    money: toMoney(amount, currency),
    firstAttemptAt: new Date(),
  };
  const { kind } = await gateway.charge(charge);
  const charges = await sandbox.chargesFor(key);
  return { kind, charges: charges.map((line) => [line.amount, line.currency]) };
}

describe.each(
  [...presentmentCurrencies].map(([code, { oneUnit, multipleOf, maximum }]) => ({
    code,
    smallest: multipleOf,
    largest: Math.floor(maximum / multipleOf) * multipleOf,
    oneUnit,
  })),
)('a payment in $code', ({ code, oneUnit, ...sent }) => {
  it.each([
    { which: 'smallest', amount: sent.smallest },
    { which: 'largest', amount: sent.largest },
  ])('can be charged at the gateway: the $which amount', async ({ amount }) => {
    expect(await chargeAtGateway(amount / oneUnit, code.toUpperCase())).toEqual({
      kind: 'succeeded',
      charges: [[amount, code]],
    });
  });
});
