import { eventually } from '../support/eventually';
import { given } from '../support/isolation';
import { Management, vhostOf } from '../support/management';
import { aPayment, gatewayKey } from '../support/payments';
import type { Payment } from '../support/payments';
import { deadLetterQueue, exchange, retryQueuePrefix, workQueue } from '../support/topology';
import { useWorld } from '../support/world';

const management = new Management(given('RABBITMQ_MANAGEMENT_URL'));
/** Properties that a publisher may set to the same value on all its messages. */
const shared = {
  messageId: 'the-same-for-all',
  correlationId: 'the-same-for-all',
  type: 'the-same-for-all',
  timestamp: Math.floor(Date.now() / 1000),
};
const severalPayments = (count: number): Payment[] => Array.from({ length: count }, () => aPayment());

describe('many messages with the same message id, while the retry queues are missing', () => {
  const world = useWorld();
  const payments = severalPayments(20);

  it('are all delayed and charged once: a returned copy never counts as confirmed', async () => {
    const vhost = vhostOf(world.broker.url);
    const retryQueues = (await management.queueNames(vhost)).filter((name) =>
      name.startsWith(retryQueuePrefix),
    );
    await world.sandbox.fault({ kind: 'error-500-unstored', times: payments.length });
    await Promise.all(retryQueues.map((name) => management.deleteQueue(vhost, name)));
    for (const payment of payments) await world.broker.publishPayment(payment, { properties: shared });
    await Promise.all(payments.map(({ idempotencyKey }) => world.service.completedPayment(idempotencyKey)));
    const charges = await Promise.all(
      payments.map((payment) => world.sandbox.chargesFor(gatewayKey(payment))),
    );
    expect(charges.map(({ length }) => length)).toEqual(payments.map(() => 1));
    expect(await management.queueNames(vhost)).toEqual(expect.arrayContaining(retryQueues));
  });
});

describe('a forged x-publish-id', () => {
  const world = useWorld();

  it('does not confirm or return another message of the service', async () => {
    const forged = { headers: { 'x-publish-id': '1' } };
    await world.broker.publish('not JSON', forged);
    const [letter] = await world.broker.waitForDeadLetters(1);
    expect(letter?.headers['x-publish-id']).toEqual(expect.stringMatching(/^\d+$/));
    expect(await world.service.postPayment(aPayment())).toMatchObject({ status: 202 });
  });
});

describe.each([
  { queue: `${retryQueuePrefix}250` },
  { queue: `${retryQueuePrefix}1000` },
  { queue: deadLetterQueue },
  { queue: workQueue },
])('$queue is deleted while messages need it', ({ queue }) => {
  const world = useWorld();

  it('it is declared again and nothing is lost: payments are charged, invalid messages are dead letters', async () => {
    const payments = severalPayments(12);
    await world.sandbox.fault({ kind: 'error-500-unstored', times: payments.length });
    await world.sandbox.fault({ kind: 'delay', delayMs: 200, when: 'before', times: payments.length });
    // Deleting a queue loses the messages in it; at this moment it is empty.
    await management.deleteQueue(vhostOf(world.broker.url), queue);
    // The broker takes a request only while the work queue and its binding exist.
    await eventually(() => world.broker.publish('not JSON'), { withinMs: 30_000 });
    for (const payment of payments) await world.broker.publishPayment(payment);
    await Promise.all(payments.map(({ idempotencyKey }) => world.service.completedPayment(idempotencyKey)));
    const charges = await Promise.all(
      payments.map((payment) => world.sandbox.chargesFor(gatewayKey(payment))),
    );
    expect(charges.map(({ length }) => length)).toEqual(payments.map(() => 1));
    expect(await world.broker.waitForDeadLetters(1)).toMatchObject([{ reason: 'invalid-message' }]);
  });
});

describe('the dead-letter exchange is deleted while messages need it', () => {
  const world = useWorld();

  it('dead letters still reach their queue', async () => {
    await management.deleteExchange(vhostOf(world.broker.url), deadLetterQueue);
    await world.broker.publish('not JSON');
    expect(await world.broker.waitForDeadLetters(1)).toMatchObject([{ reason: 'invalid-message' }]);
  });
});

describe('the payments exchange is deleted', () => {
  const world = useWorld();

  it('it is declared again with its bindings: a repeated request is charged', async () => {
    const payment = aPayment();
    await management.deleteExchange(vhostOf(world.broker.url), exchange);
    await eventually(async () =>
      expect(await world.service.postPayment(payment)).toMatchObject({ status: 202 }),
    );
    await world.service.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });
});
