import { eventually } from '../support/eventually';
import { aPayment, gatewayKey, withoutKey } from '../support/payments';
import { aPaymentWithReceipt, receiptFrom, useReceipts } from '../support/receipts';
import { redisKeys } from '../support/redis';
import { deadLetterQueue, keyHeader, receiptQueue } from '../support/topology';

describe('a payment with a receiptEmail', () => {
  const receipts = useReceipts();
  const { world } = receipts;
  const payment = aPaymentWithReceipt({ amount: 1149.5, currency: 'EUR' });

  beforeAll(async () => {
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    await receipts.untilSent(payment);
  });

  it('sends one e-mail that says what was paid', () => {
    const [mail] = receipts.mailbox.to(payment.receiptEmail);
    expect(mail).toMatchObject({ from: receiptFrom, to: [payment.receiptEmail] });
    expect(mail?.source).toContain('1149.50 EUR');
    expect(mail?.source).toContain(payment.paymentId);
  });

  it('does not put its address into a log, a record or a charge', async () => {
    const records = await world.redis.client.mget(await world.redis.client.keys('idempotent:*'));
    expect(records).toHaveLength(2);
    const journal = JSON.stringify(await world.sandbox.journal());
    const written = [world.service.output, journal, ...records].join('\n');
    expect(written).not.toContain(payment.receiptEmail);
  });

  it('is a duplicate with another address: no second charge, no second e-mail', async () => {
    const other = { ...payment, receiptEmail: aPaymentWithReceipt().receiptEmail };
    const trace = await world.broker.traceDeliveries();
    await world.broker.publishPayment(other);
    await eventually(() => trace.final(payment.idempotencyKey) === 1);
    await receipts.untilALaterOneIsSent();
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
    expect(receipts.mailbox.to(other.receiptEmail)).toEqual([]);
  });

  it('sends no second e-mail when Redis has lost the record and the payment is processed again', async () => {
    const trace = await world.broker.traceDeliveries(receiptQueue);
    await world.redis.client.del(redisKeys(payment.idempotencyKey).record);
    await world.broker.publishPayment(payment);
    await eventually(() => trace.deliveries(payment.idempotencyKey).length === 1);
    await receipts.untilALaterOneIsSent();
    expect(receipts.mailbox.to(payment.receiptEmail)).toHaveLength(1);
  });

  it('can be published over HTTP', async () => {
    const posted = aPaymentWithReceipt();
    expect(await world.service.postPayment(posted)).toMatchObject({ status: 202 });
    await receipts.untilSent(posted);
    expect(world.service.output).not.toContain(posted.receiptEmail);
  });

  it('is rejected with an invalid address, which the answer does not repeat', async () => {
    const body = { ...withoutKey(aPayment()), receiptEmail: 'customer at example' };
    const answer = await world.service.post('/payments', body);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'receiptEmail' }] } });
    expect(JSON.stringify(answer.body)).not.toContain('customer at example');
  });
});

describe('payments without a receipt', () => {
  const receipts = useReceipts();
  const { world } = receipts;

  it.each([
    { what: 'a payment without an address', payment: aPayment(), events: 1 },
    {
      what: 'a declined payment',
      payment: aPaymentWithReceipt({ paymentMethodId: 'pm_card_visa_chargeDeclined' }),
      events: 0,
    },
  ])('$what', async ({ payment, events }) => {
    const trace = await world.broker.traceDeliveries(receiptQueue);
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    await receipts.untilALaterOneIsSent();
    expect(trace.deliveries(payment.idempotencyKey)).toHaveLength(events);
    expect(receipts.mailbox.mails.map(({ to }) => to)).not.toContainEqual([payment.receiptEmail]);
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
  });
});

describe('ten copies of one event, over two processes', () => {
  const receipts = useReceipts({ services: 2 });
  const payment = aPaymentWithReceipt();

  it('send one e-mail, and leave no messages behind', async () => {
    const { world, mailbox } = receipts;
    const trace = await world.broker.traceDeliveries(receiptQueue);
    await receipts.publishSucceeded(payment, { copies: 10 });
    await receipts.untilSent(payment);
    await eventually(() => trace.final(payment.idempotencyKey) === 10);
    await receipts.stopServices();
    expect(mailbox.to(payment.receiptEmail)).toHaveLength(1);
    expect(mailbox.attempts).toBe(1);
    expect(await world.broker.depth(receiptQueue)).toBe(0);
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
  });
});

describe('invalid events', () => {
  const receipts = useReceipts();

  it.each([
    { reason: 'invalid-message', change: { amountMinorUnits: '99.99' } },
    { reason: 'invalid-message', change: { receiptEmail: 'a@example.com\r\nBcc: b@example.com' } },
    { reason: 'invalid-message', change: { paymentId: 'PAY\r\nSubject: you have won' } },
    { reason: 'invalid-idempotency-key', change: { idempotencyKey: 'another key' } },
  ])('are dead letters with reason $reason: $change', async ({ reason, change }) => {
    const { world, mailbox } = receipts;
    const payment = aPaymentWithReceipt();
    await receipts.publishSucceeded(payment, { change });
    await eventually(async () => {
      const letters = await world.broker.deadLetters();
      expect(
        letters.map(({ headers }) => [headers[keyHeader], headers['x-dead-letter-reason']]),
      ).toContainEqual([payment.idempotencyKey, reason]);
    });
    expect(mailbox.mails).toEqual([]);
  });

  it('do not include events with unknown fields', async () => {
    const payment = aPaymentWithReceipt();
    await receipts.publishSucceeded(payment, { change: { loyaltyPoints: 7 } });
    await receipts.untilSent(payment);
    expect(receipts.mailbox.mails).toHaveLength(1);
  });
});

describe('an empty SMTP_URL', () => {
  const receipts = useReceipts({ services: 0 });

  it('switches receipts off: the start says so, and payments continue', async () => {
    const { world } = receipts;
    const payment = aPaymentWithReceipt();
    const service = await receipts.startService({ SMTP_URL: '' });
    await world.broker.publishPayment(payment);
    await service.completedPayment(payment.idempotencyKey);
    await service.terminate();
    expect(service.output).toContain('SMTP_URL');
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
  });
});

describe('production without encryption to the mail server', () => {
  const receipts = useReceipts({ services: 0 });

  it('sends no e-mail in clear text', async () => {
    const { world, mailbox } = receipts;
    const payment = aPaymentWithReceipt();
    const service = await receipts.startService({ NODE_ENV: 'production' });
    const trace = await world.broker.traceDeliveries(receiptQueue);
    await receipts.publishSucceeded(payment);
    await eventually(() => trace.delayed(payment.idempotencyKey).length >= 1);
    await service.terminate();
    expect(mailbox.attempts).toBe(0);
  });
});

describe('a process that only publishes', () => {
  const receipts = useReceipts({ services: 0 });

  it('also declares the receipt queue, so that no event is unroutable', async () => {
    await receipts.startService({ APP_ROLES: 'publisher' });
    expect(await receipts.world.broker.depth(receiptQueue)).toBe(0);
    expect(await receipts.world.broker.consumerCount(receiptQueue)).toBe(0);
  });
});
