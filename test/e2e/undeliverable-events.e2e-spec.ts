import { randomUUID } from 'node:crypto';
import { DeadLettersCommand } from '../support/dead-letters-command';
import { given } from '../support/isolation';
import { Management, vhostOf } from '../support/management';
import { gatewayKey } from '../support/payments';
import { aPaymentWithReceipt, useReceipts } from '../support/receipts';
import { deadLetterQueue, receiptBinding, receiptQueue } from '../support/topology';
import { useWorld } from '../support/world';

const management = new Management(given('RABBITMQ_MANAGEMENT_URL'));

describe('an event without a bound queue', () => {
  const receipts = useReceipts();
  const payment = aPaymentWithReceipt();

  it('the binding is restored: charged in one attempt, recorded, and the receipt is sent', async () => {
    const { world } = receipts;
    const trace = await world.broker.traceDeliveries();
    await world.broker.unbindWorkQueue(receiptBinding);
    await world.broker.publishPayment(payment);
    await receipts.untilSent(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    expect(trace.delayed(payment.idempotencyKey)).toEqual([]);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('a deleted queue is restored', async () => {
    const { world } = receipts;
    const later = aPaymentWithReceipt();
    await management.deleteQueue(vhostOf(world.broker.url), receiptQueue);
    await world.broker.publishPayment(later);
    await world.service.completedPayment(later.idempotencyKey);
    await receipts.untilSent(later, 30_000);
    expect(await world.sandbox.chargesFor(gatewayKey(later))).toHaveLength(1);
  });
});

describe('an event without a bound queue, when the service may not bind one', () => {
  const receipts = useReceipts({ services: 0 });
  const payment = aPaymentWithReceipt();
  const user = `binds-nothing-${randomUUID()}`;

  const permit = (write: string) =>
    management.createUser(user, {
      password: 'secret',
      vhost: vhostOf(receipts.world.broker.url),
      permissions: { configure: '.*', write, read: '.*' },
    });
  afterAll(() => management.deleteUser(user));

  it('becomes its own dead letter; the payment is charged once and recorded', async () => {
    const { world } = receipts;
    const url = new URL(world.broker.url);
    url.username = user;
    url.password = 'secret';
    await permit('.*');
    const service = await receipts.startService({ RABBITMQ_URL: url.href });
    // From now on the service may not bind the queue.
    await permit('^(?!notifications).*$');
    await world.broker.unbindWorkQueue(receiptBinding);
    await world.broker.publishPayment(payment);
    await service.completedPayment(payment.idempotencyKey);
    const [letter, ...others] = await world.broker.waitForDeadLetters(1);
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ reason: 'event-undeliverable' });
    expect(JSON.parse(String(letter?.body))).toMatchObject({ paymentId: payment.paymentId });
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
    expect(receipts.mailbox.to(payment.receiptEmail)).toEqual([]);
  });

  it('its receipt is sent when the dead letter is replayed to a queue that is bound again', async () => {
    const { world } = receipts;
    await world.broker.bindWorkQueue(receiptBinding);
    const tool = new DeadLettersCommand(
      () => world.broker,
      () => world.redis,
    );
    await tool.json('replay', await tool.idOf({ reason: 'event-undeliverable' }));
    await receipts.untilSent(payment);
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
  });
});

describe('receipts switched off', () => {
  const world = useWorld();

  it('have no queue and no consumer, and payments are charged without them', async () => {
    const payment = aPaymentWithReceipt();
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
    const names = await management.queueNames(vhostOf(world.broker.url));
    expect(names.filter((name) => name.startsWith('notifications'))).toEqual([]);
    expect(names).toContain(deadLetterQueue);
  });
});
