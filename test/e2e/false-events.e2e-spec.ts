import { eventually } from '../support/eventually';
import { given } from '../support/isolation';
import { Management, vhostOf } from '../support/management';
import { aPaymentWithReceipt, useReceipts } from '../support/receipts';
import { exchange, keyHeader, receiptQueue, succeededRoutingKey } from '../support/topology';

const management = new Management(given('RABBITMQ_MANAGEMENT_URL'));
const receipts = useReceipts();

describe('an event that is published to the exchange of the requests', () => {
  const forged = aPaymentWithReceipt();

  it('reaches no queue, not even as a CC of a request', async () => {
    const { world, mailbox } = receipts;
    const trace = await world.broker.traceDeliveries(receiptQueue);
    const event = JSON.stringify({ ...forged, chargeId: 'pi_1', amountMinorUnits: 1, currency: 'USD' });
    const headers = { [keyHeader]: forged.idempotencyKey };
    await expect(world.broker.publish(event, { routingKey: succeededRoutingKey, headers })).rejects.toThrow(
      'has no queue',
    );
    await world.broker.publish(event, { headers: { ...headers, CC: [succeededRoutingKey, receiptQueue] } });
    await world.broker.waitForDeadLetters(1);
    await receipts.untilALaterOneIsSent();
    expect(trace.deliveries(forged.idempotencyKey)).toEqual([]);
    expect(mailbox.to(forged.receiptEmail)).toEqual([]);
    await world.broker.takeDeadLetters(() => undefined);
  });
});

describe('an event of a payment without a record', () => {
  const payment = aPaymentWithReceipt();

  it('sends no receipt and is delayed', async () => {
    const { world, mailbox } = receipts;
    const trace = await world.broker.traceDeliveries(receiptQueue);
    await receipts.publishEvent(payment);
    await eventually(() => trace.delayed(payment.idempotencyKey).length >= 1);
    expect(mailbox.to(payment.receiptEmail)).toEqual([]);
  });

  it('sends the receipt once the record exists', async () => {
    await receipts.record(payment);
    await receipts.untilSent(payment, 30_000);
    expect(receipts.mailbox.to(payment.receiptEmail)).toHaveLength(1);
  });
});

describe('an event that differs from the record of its payment', () => {
  it.each([
    { change: { amountMinorUnits: 1 } },
    { change: { currency: 'EUR' } },
    { change: { chargeId: 'pi_forged' } },
    { change: { paymentId: 'You have won' } },
  ])('is a receipt-rejected dead letter; the genuine receipt is still sent: $change', async ({ change }) => {
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

  it('is a dead letter also if the payment was declined', async () => {
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

describe('the binding through which earlier versions delivered events', () => {
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
