import type { DeadLetter } from '../support/dead-letter';
import { eventually } from '../support/eventually';
import { headerOf } from '../support/mailbox';
import { aPayment, gatewayKey } from '../support/payments';
import { aPaymentWithReceipt, useReceipts } from '../support/receipts';
import { deadLetterQueue, keyHeader, receiptQueue, succeededRoutingKey } from '../support/topology';

describe('the process dies after the mail server has the message, before the record', () => {
  const receipts = useReceipts({ env: { IDEMPOTENCY_LEASE: '2' } });
  const payment = aPaymentWithReceipt();

  beforeAll(async () => {
    const { world, mailbox } = receipts;
    const confirm = mailbox.hesitate();
    await receipts.publishSucceeded(payment);
    await eventually(() => mailbox.to(payment.receiptEmail).length === 1);
    await world.service.kill();
    confirm();
    await receipts.startService();
    await receipts.untilSent(payment);
    await receipts.stopServices();
  });

  it('at most one more e-mail is sent: no lock can prevent that one', () => {
    expect(receipts.mailbox.to(payment.receiptEmail).length).toBeLessThanOrEqual(2);
  });

  it('the repeated e-mail has the same Message-ID, so it can be recognised', () => {
    const ids = receipts.mailbox.to(payment.receiptEmail).map((mail) => headerOf(mail, 'Message-ID'));
    expect([...new Set(ids)]).toEqual([expect.stringMatching(/^<receipt\.[0-9a-f]{32}@shop\.example>$/)]);
  });

  it('the event is finished', async () => {
    expect(await receipts.world.broker.depth(receiptQueue)).toBe(0);
    expect(await receipts.world.broker.depth(deadLetterQueue)).toBe(0);
  });
});

describe('the process dies after the receipt is recorded, before the event is acknowledged', () => {
  const receipts = useReceipts({ env: { IDEMPOTENCY_LEASE: '2' } });
  const payment = aPaymentWithReceipt();

  it('no second e-mail is sent when the event is redelivered', async () => {
    const { world, mailbox } = receipts;
    await receipts.publishSucceeded(payment);
    await receipts.untilSent(payment);
    await world.service.kill();

    // Publishing again stands for the redelivery of an unacknowledged message: that instant is hard to hit.
    const trace = await world.broker.traceDeliveries(receiptQueue);
    await receipts.startService();
    await receipts.publishSucceeded(payment);
    await eventually(() => trace.final(payment.idempotencyKey) >= 1);
    await receipts.stopServices();
    expect(mailbox.to(payment.receiptEmail)).toHaveLength(1);
  });
});

describe('a mail server that cannot take a receipt now', () => {
  const receipts = useReceipts();

  it.each([
    {
      what: 'is down',
      stop: () => receipts.mailbox.stop(),
      recover: () => receipts.mailbox.start(),
    },
    {
      what: 'answers 451',
      stop: async () => receipts.mailbox.refuse(451),
      recover: async () => receipts.mailbox.accept(),
    },
  ])('gets it later, exactly once: it $what', async ({ stop, recover }) => {
    const { world, mailbox } = receipts;
    const payment = aPaymentWithReceipt();
    const trace = await world.broker.traceDeliveries(receiptQueue);
    await stop();
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    await eventually(() => trace.delayed(payment.idempotencyKey).length >= 2);
    await recover();
    await receipts.untilSent(payment, 30_000);
    await eventually(() => trace.final(payment.idempotencyKey) === 1);
    expect(mailbox.to(payment.receiptEmail)).toHaveLength(1);
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
    expect(world.service.output).not.toContain(payment.receiptEmail);
  });

  it('does not make the service unready, since payments continue', async () => {
    await receipts.mailbox.stop();
    const payment = aPaymentWithReceipt();
    const trace = await receipts.world.broker.traceDeliveries(receiptQueue);
    await receipts.world.broker.publishPayment(payment);
    await eventually(() => trace.delayed(payment.idempotencyKey).length >= 1);
    expect(await receipts.world.service.get('/health/ready')).toMatchObject({ status: 200 });
    await receipts.mailbox.start();
    await receipts.untilSent(payment, 30_000);
  });
});

describe('a mail server that refuses a receipt permanently', () => {
  const receipts = useReceipts();
  const payment = aPaymentWithReceipt();
  let letter: DeadLetter | undefined;

  beforeAll(async () => {
    receipts.mailbox.refuse(550);
    await receipts.world.broker.publishPayment(payment);
    [letter] = await receipts.world.broker.waitForDeadLetters(1);
  });

  it('makes it a receipt-rejected dead letter with its original routing key', () => {
    expect(letter).toMatchObject({
      reason: 'receipt-rejected',
      attempts: 1,
      headers: { 'x-original-routing-key': succeededRoutingKey, [keyHeader]: payment.idempotencyKey },
    });
  });

  it('is called once', () => {
    expect(receipts.mailbox.attempts).toBe(1);
  });

  it('does not put the quoted address into the detail or the log', () => {
    expect(letter?.detail).toEqual(expect.stringContaining('550'));
    expect([letter?.detail, receipts.world.service.output].join('\n')).not.toContain(payment.receiptEmail);
  });

  it('does not change the payment: charged once and completed', async () => {
    expect(await receipts.world.service.completedPayment(payment.idempotencyKey)).toMatchObject({
      body: { result: { status: 'succeeded' } },
    });
    expect(await receipts.world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('gets it by a replay through the receipt queue, after recovery', async () => {
    const { world, mailbox } = receipts;
    mailbox.accept();
    const charges = await world.broker.traceDeliveries();
    const events = await world.broker.traceDeliveries(receiptQueue);
    const answer = await world.service.post('/dead-letters/replay', { all: true });
    expect(answer).toMatchObject({ status: 200, body: { replayed: 1 } });
    await receipts.untilSent(payment);
    expect(charges.deliveries(payment.idempotencyKey)).toEqual([]);
    const [replayed] = events.deliveries(payment.idempotencyKey);
    expect(Object.keys(replayed?.headers ?? {})).not.toContain('x-original-routing-key');
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
  });
});

describe('a gateway that refuses the API key', () => {
  const receipts = useReceipts();

  it('does not stop receipts', async () => {
    const { world } = receipts;
    await world.sandbox.fault({ kind: 'unauthorized', times: 0, matching: { request: 'any' } });
    const [stuck, paid] = [aPayment(), aPaymentWithReceipt()];
    await world.broker.publishPayment(stuck);
    await eventually(async () => expect(await world.broker.consumerCount()).toBe(0));
    await receipts.publishSucceeded(paid);
    await receipts.untilSent(paid);
    expect(await world.broker.consumerCount()).toBe(0);
    await world.sandbox.clearFaults();
    await world.service.completedPayment(stuck.idempotencyKey, 30_000);
  });
});
