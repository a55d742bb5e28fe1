import { gzipSync } from 'node:zlib';
import { eventually } from '../support/eventually';
import { given } from '../support/isolation';
import { Management, vhostOf } from '../support/management';
import { aPayment, gatewayKey } from '../support/payments';
import { exchange, keyHeader, routingKey, workQueue } from '../support/topology';
import { useWorld } from '../support/world';

const management = new Management(given('RABBITMQ_MANAGEMENT_URL'));

describe('a header that the AMQP client reads but cannot write', () => {
  const world = useWorld();

  it('its message becomes a dead letter, and later publishes are confirmed', async () => {
    await management.publish(vhostOf(world.broker.url), {
      exchange,
      routingKey,
      headers: { [keyHeader]: 'bogus', 'x-bogus': { '!': 'bogus' } },
      body: 'no JSON',
    });
    const [letter, ...others] = await world.broker.waitForDeadLetters(1);
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ reason: 'invalid-message' });
    for (let post = 0; post < 3; post++) {
      expect((await world.service.postPayment(aPayment())).status).toBe(202);
    }
    expect(await world.broker.deadLetters()).toHaveLength(1);
  });
});

describe('a compressed body', () => {
  const world = useWorld();

  it('is a dead letter that names and keeps the encoding', async () => {
    const properties = { contentEncoding: 'gzip' };
    await world.broker.publish(gzipSync(JSON.stringify(aPayment())), {
      headers: { [keyHeader]: 'key' },
      properties,
    });
    const [letter] = await world.broker.waitForDeadLetters(1);
    expect(letter).toMatchObject({ reason: 'invalid-message', properties });
    expect(letter?.detail).toContain("the content encoding 'gzip'");
  });
});

describe('a timestamp that is impossible in seconds', () => {
  const world = useWorld();

  it('is read in another unit and rejected as a future time; consumption does not pause', async () => {
    await world.broker.publishPayment(aPayment(), { properties: { timestamp: 2 ** 52 } });
    expect(await world.broker.waitForDeadLetters(1)).toMatchObject([{ reason: 'invalid-message' }]);
    const payment = aPayment();
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });
});

describe('a work queue that is deleted', () => {
  const world = useWorld();

  it('is declared again and consumed again', async () => {
    await management.deleteQueue(vhostOf(world.broker.url), workQueue);
    await eventually(async () => expect(await world.broker.consumerCount()).toBe(1), { withinMs: 30_000 });
    await world.service.untilHealthy('ready');
    const payment = aPayment();
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });
});

describe('a forged count of attempts', () => {
  const world = useWorld({ env: { PAYMENT_MAX_ATTEMPTS: '2' } });

  it('does not lead to endless attempts', async () => {
    const payment = aPayment();
    await world.sandbox.fault({ kind: 'error-500-unstored', times: 0 });
    await world.broker.publishPayment(payment, { headers: { 'x-attempts-before-replay': 1_000_000 } });
    expect(await world.broker.waitForDeadLetters(1)).toMatchObject([{ reason: 'retries-exhausted' }]);
  });
});
