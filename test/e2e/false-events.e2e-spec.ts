import { eventually } from '../support/eventually';
import { given } from '../support/isolation';
import { Management, vhostOf } from '../support/management';
import { aPaymentWithReceipt, useReceipts } from '../support/receipts';
import { exchange, keyHeader, receiptQueue, succeededRoutingKey } from '../support/topology';

const management = new Management(given('RABBITMQ_MANAGEMENT_URL'));
const receipts = useReceipts();

describe('an event that is published where requests are', () => {
  const stranger = aPaymentWithReceipt();

  it('reaches no queue, also as a carbon copy of a request', async () => {
    const { world, mailbox } = receipts;
    const trace = await world.broker.traceDeliveries(receiptQueue);
    const event = JSON.stringify({ ...stranger, chargeId: 'pi_1', amountMinorUnits: 1, currency: 'USD' });
    const headers = { [keyHeader]: stranger.idempotencyKey };
    await expect(world.broker.publish(event, { routingKey: succeededRoutingKey, headers })).rejects.toThrow(
      'has no queue',
    );
    await world.broker.publish(event, { headers: { ...headers, CC: [succeededRoutingKey, receiptQueue] } });
    await world.broker.waitForDeadLetters(1);
    await receipts.untilALaterOneIsSent();
    expect(trace.deliveries(stranger.idempotencyKey)).toEqual([]);
    expect(mailbox.to(stranger.receiptEmail)).toEqual([]);
    await world.broker.takeDeadLetters(() => undefined);
  });
});

describe('an event of a payment that is not recorded', () => {
  const payment = aPaymentWithReceipt();

  it('sends nothing, and waits', async () => {
    const { world, mailbox } = receipts;
    const trace = await world.broker.traceDeliveries(receiptQueue);
    await receipts.publishEvent(payment);
    await eventually(() => trace.delayed(payment.idempotencyKey).length >= 1);
    expect(mailbox.to(payment.receiptEmail)).toEqual([]);
  });

  it('sends the receipt when the record comes', async () => {
    await receipts.record(payment);
    await receipts.untilSent(payment, 30_000);
    expect(receipts.mailbox.to(payment.receiptEmail)).toHaveLength(1);
  });
});

describe('an event that says something else than the record of its payment', () => {
  it.each([
    { change: { amountMinorUnits: 1 } },
    { change: { currency: 'EUR' } },
    { change: { chargeId: 'pi_forged' } },
    { change: { paymentId: 'You have won' } },
  ])('is a dead letter, receipt-rejected, and the true one is sent after it: $change', async ({ change }) => {
    const { world, mailbox } = receipts;
    const payment = aPaymentWithReceipt();
    const forger = aPaymentWithReceipt();
    await receipts.record(payment);
    await receipts.publishEvent(payment, { change: { ...change, receiptEmail: forger.receiptEmail } });
    const [letter] = await world.broker.waitForDeadLetters(1);
    expect(letter).toMatchObject({ reason: 'receipt-rejected' });
    await receipts.publishEvent(payment);
    await receipts.untilSent(payment);
    expect(mailbox.to(forger.receiptEmail)).toEqual([]);
    expect(mailbox.to(payment.receiptEmail)[0]?.source).toContain('99.99 USD');
    await world.broker.takeDeadLetters(() => undefined);
  });

  it('is one, too, where the payment was declined', async () => {
    const { world, mailbox } = receipts;
    const payment = aPaymentWithReceipt({ paymentMethodId: 'pm_card_visa_chargeDeclined' });
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    await receipts.publishEvent(payment);
    expect(await world.broker.waitForDeadLetters(1)).toMatchObject([{ reason: 'receipt-rejected' }]);
    expect(mailbox.to(payment.receiptEmail)).toEqual([]);
    await world.broker.takeDeadLetters(() => undefined);
  });
});

describe('the binding by which events came in earlier versions', () => {
  it('is removed at the next start', async () => {
    const { world } = receipts;
    const vhost = vhostOf(world.broker.url);
    await world.service.terminate();
    await world.broker.bindWorkQueue({ queue: receiptQueue, exchange, key: succeededRoutingKey });
    await receipts.startService();
    await eventually(async () => {
      const sources = (await management.bindings(vhost, receiptQueue)).map(({ source }) => source);
      expect(sources).toEqual(['payments.events']);
    });
  });
});
