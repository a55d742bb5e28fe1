import { eventually } from '../support/eventually';
import type { JsonObject } from '../support/json';
import { aPayment, gatewayKey } from '../support/payments';
import { redisKeys } from '../support/redis';
import { anEvent, deliver, webhookSecret } from '../support/webhooks';
import { useWorld } from '../support/world';

const never = 3_600_000;
const debit = { paymentMethodId: 'pm_usBankAccount_success' };
const received = { status: 200, body: { received: true } };

describe('a webhook that comes while an attempt is about to record that its payment is processing', () => {
  const world = useWorld({
    ledger: true,
    gateway: { settleAfterMs: never },
    env: { FOLLOW_UP_AFTER: '86400', STRIPE_WEBHOOK_SECRET: webhookSecret },
  });

  it('ends nothing, since the record would stay behind; the next one does', async () => {
    const payment = aPayment(debit);
    const { record, lock } = redisKeys(payment.idempotencyKey);
    await world.broker.publishPayment(payment);
    const text = await eventually(async () => {
      const stored = await world.redis.client.get(record);
      expect(stored).toContain('processing');
      return String(stored);
    });
    const { chargeId } = (await world.redis.record(payment.idempotencyKey))?.result as JsonObject;
    const event = () => anEvent(payment, { chargeId: String(chargeId) });
    const statusInLedger = async () => {
      const { rows } = await world.ledger.query<{ status: string }>(
        'SELECT status FROM payments WHERE key = $1',
        [payment.idempotencyKey],
      );
      return rows;
    };
    // As between the ledger and the record.
    await world.redis.client.multi().del(record).set(lock, 'the owner', 'PX', 600_000).exec();
    expect(await deliver(world.service, event())).toEqual(received);
    expect(await statusInLedger()).toEqual([{ status: 'processing' }]);
    await world.redis.client.multi().set(record, text).del(lock).exec();
    expect(await deliver(world.service, event())).toEqual(received);
    expect(await statusInLedger()).toEqual([{ status: 'succeeded' }]);
    expect(await world.redis.record(payment.idempotencyKey)).toMatchObject({
      result: { status: 'succeeded' },
    });
  });
});

describe('webhooks of the sandbox', () => {
  const world = useWorld({
    ledger: true,
    webhookSecret,
    gateway: { settleAfterMs: never },
    env: { FOLLOW_UP_AFTER: '86400' },
  });

  it.each([
    { what: 'as they come', kind: undefined },
    { what: 'delivered twice', kind: 'webhook-twice' as const },
  ])('end a payment, $what', async ({ kind }) => {
    const payment = aPayment(debit);
    if (kind)
      await world.sandbox.fault({
        kind,
        matching: { request: 'webhook', idempotencyKey: gatewayKey(payment) },
      });
    const untilStatus = (status: string) =>
      eventually(async () => {
        const { body } = await world.service.payment(payment.idempotencyKey);
        expect(body).toMatchObject({ result: { status } });
      });
    await world.broker.publishPayment(payment);
    await untilStatus('processing');
    await world.sandbox.settle(payment.idempotencyKey);
    await untilStatus('succeeded');
  });
});

describe('without STRIPE_WEBHOOK_SECRET', () => {
  const world = useWorld();

  it('there are no webhooks', async () => {
    const event = anEvent(aPayment(), { chargeId: 'pi_1' });
    expect(await deliver(world.service, event)).toMatchObject({ status: 404 });
  });
});
