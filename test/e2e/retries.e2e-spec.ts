import type { DeadLetter } from '../support/dead-letter';
import { eventually } from '../support/eventually';
import { gatewayCalls } from '../support/gateway-calls';
import { aPayment, gatewayKey } from '../support/payments';
import { deadLetterQueue, keyHeader } from '../support/topology';
import { useWorld } from '../support/world';

const maxAttempts = 3;

describe('a gateway that fails for a while', () => {
  const world = useWorld({ env: { PAYMENT_MAX_ATTEMPTS: String(maxAttempts) } });
  const payment = aPayment();

  beforeAll(async () => {
    await world.sandbox.fault({
      kind: 'error-500-unstored',
      times: maxAttempts - 1,
      matching: { idempotencyKey: gatewayKey(payment) },
    });
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
  });

  it('is called again with the same gateway key until it charges, once', async () => {
    expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(maxAttempts);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('shows each attempt', async () => {
    expect((await world.service.payment(payment.idempotencyKey)).body).toMatchObject({
      attempts: maxAttempts,
    });
  });

  it('leaves no dead letter', async () => {
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
  });
});

describe('the gateway fails for the last time (PAYMENT_MAX_ATTEMPTS)', () => {
  const world = useWorld({ env: { PAYMENT_MAX_ATTEMPTS: '2' } });
  const payment = aPayment();
  const headers = { 'x-correlation': 'order-17', nested: { list: [1, 'two', true] } };
  const timestamp = Math.floor(Date.now() / 1000) - 60;
  let letter: DeadLetter | undefined;

  const properties = {
    messageId: 'message-17',
    correlationId: 'order-17',
    replyTo: 'answers',
    contentEncoding: 'identity',
    type: 'payment',
    appId: 'shop',
    priority: 3,
  };

  beforeAll(async () => {
    await world.sandbox.fault({
      kind: 'error-500-unstored',
      times: 0,
      matching: { idempotencyKey: gatewayKey(payment) },
    });
    await world.broker.publishPayment(payment, {
      headers,
      properties: { ...properties, expiration: '600000', timestamp },
    });
    [letter] = await world.broker.waitForDeadLetters(1);
  });

  it('ends as retries-exhausted', () => {
    expect(letter).toMatchObject({ reason: 'retries-exhausted', attempts: 2 });
  });

  it('calls the gateway PAYMENT_MAX_ATTEMPTS times', async () => {
    expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(2);
  });

  it('has a detail of one line', () => {
    expect(letter?.detail).toEqual(expect.stringMatching(/^[^\r\n]{5,500}$/));
  });

  it('keeps body, headers and properties', () => {
    expect(letter?.body.toString()).toBe(JSON.stringify(payment));
    expect(letter?.headers).toMatchObject({ ...headers, [keyHeader]: payment.idempotencyKey });
    expect(letter?.properties).toMatchObject({
      contentType: 'application/json',
      ...properties,
      timestamp,
      deliveryMode: 2,
    });
  });

  it('names the properties that it could not keep', () => {
    expect(letter?.detail).toMatch(/; not kept: expiration$/);
    expect(letter?.properties.expiration).toBeUndefined();
  });

  it('leaves no record and no lock', async () => {
    expect(await world.redis.record(payment.idempotencyKey)).toBeUndefined();
    expect(await world.redis.lock(payment.idempotencyKey)).toBeNull();
  });

  it('does not delay other payments', async () => {
    const other = aPayment();
    await world.broker.publishPayment(other);
    await world.service.completedPayment(other.idempotencyKey);
    await eventually(async () => expect(await world.sandbox.chargesFor(gatewayKey(other))).toHaveLength(1));
  });
});
