import { gzipSync } from 'node:zlib';
import { eventually } from '../support/eventually';
import { given } from '../support/isolation';
import { Management, vhostOf } from '../support/management';
import { aPayment, gatewayKey } from '../support/payments';
import { exchange, keyHeader, routingKey, workQueue } from '../support/topology';
import { useWorld } from '../support/world';

const management = new Management(given('RABBITMQ_MANAGEMENT_URL'));

describe('a header that the client library reads but cannot write', () => {
  const world = useWorld();

  it('does not keep its message from the dead letters, nor later publishes from their confirms', async () => {
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

describe('a body that is compressed', () => {
  const world = useWorld();

  it('is a dead letter that names the encoding, and keeps it', async () => {
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

describe('a time stamp that no clock shows', () => {
  const world = useWorld();

  it('is read in the unit that it can be in, and refused for its future; nothing pauses', async () => {
    await world.broker.publishPayment(aPayment(), { properties: { timestamp: 2 ** 52 } });
    expect(await world.broker.waitForDeadLetters(1)).toMatchObject([{ reason: 'invalid-message' }]);
    const payment = aPayment();
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });
});

describe('a work queue that somebody deletes', () => {
  const world = useWorld();

  it('is declared anew, and consumed again', async () => {
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

  it('does not make attempts without end', async () => {
    const payment = aPayment();
    await world.sandbox.fault({ kind: 'error-500-unstored', times: 0 });
    await world.broker.publishPayment(payment, { headers: { 'x-attempts-before-replay': 1_000_000 } });
    expect(await world.broker.waitForDeadLetters(1)).toMatchObject([{ reason: 'retries-exhausted' }]);
  });
});
