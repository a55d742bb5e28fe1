import { eventually } from '../support/eventually';
import { gatewayCalls } from '../support/gateway-calls';
import { HeardEvents } from '../support/heard-events';
import { aPayment, gatewayKey } from '../support/payments';
import type { Payment } from '../support/payments';
import { aPaymentWithReceipt, useReceipts } from '../support/receipts';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';
import type { World } from '../support/world';

/** Longer than any test: a payment ends only when its test says so. */
const never = 3_600_000;
const debit = { paymentMethodId: 'pm_usBankAccount_success' };

async function untilStatus(world: World, { idempotencyKey }: Payment, status: string): Promise<void> {
  await eventually(async () => {
    const { body } = await world.service.payment(idempotencyKey);
    expect(body).toMatchObject({ state: 'completed', result: { status } });
  });
}

async function isProcessing(world: World, payment: Payment): Promise<void> {
  await world.broker.publishPayment(payment);
  await untilStatus(world, payment, 'processing');
}

describe.each([{ ledger: false }, { ledger: true }])(
  'a payment whose outcome comes later, with a ledger: $ledger',
  ({ ledger }) => {
    // Webhooks are off: what is lost there is found by asking.
    const world = useWorld({
      services: 2,
      ledger,
      gateway: { settleAfterMs: never },
      env: { FOLLOW_UP_AFTER: '1' },
    });
    let events: HeardEvents | undefined;

    beforeAll(async () => {
      events = await HeardEvents.on(world.broker.url);
    });
    afterAll(() => events?.close());

    it('is recorded as processing and acknowledged: no attempt is counted again, nothing is delayed', async () => {
      const payment = aPayment(debit);
      await isProcessing(world, payment);
      await eventually(() => world.broker.isDrained());
      expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(1);
      expect(await world.redis.record(payment.idempotencyKey)).toMatchObject({ fencingToken: 1 });
      expect(await world.broker.depth(deadLetterQueue)).toBe(0);
      expect(events?.of(payment)).toEqual([]);
      await world.sandbox.settle(payment.idempotencyKey);
      await untilStatus(world, payment, 'succeeded');
    });

    it('is found to have succeeded: recorded, and announced once', async () => {
      const payment = aPayment(debit);
      await isProcessing(world, payment);
      // With a ledger that is stored before the record.
      const before = await eventually(async () => {
        const record = await world.redis.record(payment.idempotencyKey);
        expect(record).toBeDefined();
        return record;
      });
      await world.sandbox.settle(payment.idempotencyKey);
      await untilStatus(world, payment, 'succeeded');
      await eventually(() => expect(events?.of(payment)).toHaveLength(1));
      const [heard] = events?.of(payment) ?? [];
      const [charge] = await world.sandbox.chargesFor(gatewayKey(payment));
      const chargeId = charge?.paymentIntentId;
      expect(heard).toMatchObject({
        routingKey: 'payment.succeeded',
        body: {
          paymentId: payment.paymentId,
          customerId: payment.customerId,
          chargeId,
          amountMinorUnits: 9999,
        },
      });
      // All but the result is as before.
      const { result, ...after } = (await world.redis.record(payment.idempotencyKey)) ?? {};
      expect(result).toEqual({ ...(before?.result as object), status: 'succeeded' });
      expect(after).toEqual({ ...before, result: undefined });
    });

    it('is found to have failed: recorded with the reason, and announced', async () => {
      const payment = aPayment({ paymentMethodId: 'pm_usBankAccount_insufficientFunds' });
      await isProcessing(world, payment);
      await world.sandbox.settle(payment.idempotencyKey);
      await untilStatus(world, payment, 'failed');
      await eventually(() => expect(events?.of(payment)).toHaveLength(1));
      expect(events?.of(payment)).toMatchObject([
        {
          routingKey: 'payment.failed',
          body: { paymentId: payment.paymentId, status: 'failed', declineCode: 'insufficient_funds' },
        },
      ]);
      expect(await world.sandbox.chargesFor(gatewayKey(payment))).toEqual([]);
    });

    it('fails as canceled if it is canceled at the gateway', async () => {
      const payment = aPayment(debit);
      await isProcessing(world, payment);
      await world.sandbox.settle(payment.idempotencyKey, 'canceled');
      await untilStatus(world, payment, 'failed');
      const { body } = await world.service.payment(payment.idempotencyKey);
      expect(body).toMatchObject({ result: { declineCode: 'canceled' } });
    });

    it('that only holds the amount is processing until it is captured', async () => {
      const payment = aPayment({ paymentMethodId: 'pm_card_visa_requiresCapture' });
      await isProcessing(world, payment);
      await world.sandbox.settle(payment.idempotencyKey);
      await untilStatus(world, payment, 'succeeded');
    });

    it('answers its duplicates with what is known: processing, and later its end, with one charge', async () => {
      const payment = aPayment(debit);
      await isProcessing(world, payment);
      const duplicates = () =>
        world.services.flatMap((service) =>
          service.logged({ msg: 'Duplicate detected', idempotencyKey: payment.idempotencyKey }),
        );
      await world.broker.publishPayment(payment);
      await eventually(() => expect(duplicates()).toHaveLength(1));
      await untilStatus(world, payment, 'processing');
      await world.sandbox.settle(payment.idempotencyKey);
      await untilStatus(world, payment, 'succeeded');
      await world.broker.publishPayment(payment);
      await eventually(() => expect(duplicates()).toHaveLength(2));
      await untilStatus(world, payment, 'succeeded');
      expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(1);
    });

    it('that needs its customer, who is not there, is declined', async () => {
      const payment = aPayment({ paymentMethodId: 'pm_card_authenticationRequired' });
      await world.broker.publishPayment(payment);
      await untilStatus(world, payment, 'declined');
      const { body } = await world.service.payment(payment.idempotencyKey);
      expect(body).toMatchObject({ result: { declineCode: 'authentication_required' } });
    });
  },
);

describe.each([{ ledger: false }, { ledger: true }])(
  'the receipt of a payment that succeeds later, with a ledger: $ledger',
  ({ ledger }) => {
    const receipts = useReceipts({
      ledger,
      gateway: { settleAfterMs: never },
      env: { FOLLOW_UP_AFTER: '1' },
    });

    it('goes out when it has succeeded; until then its address is in Redis alone, and afterwards nowhere', async () => {
      const { world, mailbox } = receipts;
      const payment = aPaymentWithReceipt(debit);
      const address = `receipt-address:${payment.idempotencyKey}`;
      await isProcessing(world, payment);
      expect(mailbox.to(payment.receiptEmail)).toEqual([]);
      expect(await world.redis.client.get(address)).toBe(payment.receiptEmail);
      await world.sandbox.settle(payment.idempotencyKey);
      await receipts.untilSent(payment);
      await eventually(async () => expect(await world.redis.client.exists(address)).toBe(0));
    });
  },
);
