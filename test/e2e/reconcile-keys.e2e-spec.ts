import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayClient } from '../support/gateway-client';
import { parseJsonObject } from '../support/json';
import { aPayment, gatewayKey } from '../support/payments';
import type { Payment } from '../support/payments';
import { problemsByKey, ReconcileCommand } from '../support/reconcile-command';
import { startSandbox } from '../support/sandbox';
import type { Sandbox } from '../support/sandbox';
import { useWorld } from '../support/world';

describe('a key that was charged long before the period and again in it', () => {
  const world = useWorld({ services: 0 });
  const command = new ReconcileCommand(world);
  let folder: string;
  let gateway: Sandbox;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reconcile-'));
  });
  afterAll(async () => {
    await gateway.stop();
    await rm(folder, { recursive: true });
  });

  it('is reported as charged-twice: the first charge has no record, no gateway key, and is before the period', async () => {
    const payment = aPayment();
    const journal = join(folder, 'journal');
    await writeFile(journal, `${JSON.stringify(aChargeOf(payment, { daysAgo: 40 }))}\n`);
    gateway = await startSandbox({ journal });
    const service = await world.startService({ gatewayUrl: gateway.url });
    await world.broker.publishPayment(payment);
    await service.completedPayment(payment.idempotencyKey);
    const { output, code } = await command.run(['--json'], { STRIPE_API_BASE: gateway.url });
    expect(problemsByKey(parseJsonObject(output) ?? {})).toEqual({
      [payment.idempotencyKey]: ['charged-twice'],
    });
    expect(code).toBe(1);
  });
});

/** A line of the gateway's journal: it has forgotten the key in the meantime, but still has the charge. */
function aChargeOf(payment: Payment, { daysAgo }: { daysAgo: number }): object {
  return {
    at: new Date(Date.now() - daysAgo * 86_400_000).toISOString(),
    type: 'charge',
    idempotencyKey: gatewayKey(payment),
    parametersHash: null,
    paymentIntentId: 'pi_the_first_one',
    amount: 9999,
    currency: 'usd',
    paymentMethod: 'pm_card_visa',
    storedStatus: null,
    metadata: { idempotency_key: payment.idempotencyKey },
  };
}

describe('a gateway key that another program has used', () => {
  const world = useWorld();
  const command = new ReconcileCommand(world);
  const payment = aPayment();
  let code: number | null;
  let report: Awaited<ReturnType<ReconcileCommand['report']>>['report'];

  beforeAll(async () => {
    await new GatewayClient(world.sandbox).charge(gatewayKey(payment), { amount: 1, metadata: {} });
    await world.broker.publishPayment(payment);
    await world.broker.waitForDeadLetters(1);
    ({ code, report } = await command.report());
  });

  it('makes the payment a dead letter with reason gateway-key-reused', async () => {
    const letters = await world.broker.deadLetters();
    expect(letters).toMatchObject([{ reason: 'gateway-key-reused', attempts: 1 }]);
  });

  it('makes no charge and no record', async () => {
    expect(await world.sandbox.charges()).toMatchObject([{ amount: 1 }]);
    expect(await world.redis.record(payment.idempotencyKey)).toBeUndefined();
  });

  it('is reported as a waiting dead letter, not as broken', () => {
    expect({ code, report }).toMatchObject({
      code: 0,
      report: { payments: { 'dead-letter': 1, broken: 0 }, broken: [] },
    });
  });
});
