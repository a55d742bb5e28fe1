import { DeadLettersCommand } from '../support/dead-letters-command';
import { eventually } from '../support/eventually';
import { aPayment, gatewayKey } from '../support/payments';
import { deadLetterQueue, keyHeader, workQueue } from '../support/topology';
import { useWorld } from '../support/world';

/** Headers that only the service may set, forged by a publisher. */
const forged = {
  'x-attempts': 7,
  'x-attempts-before-replay': 7,
  'x-dead-letter-reason': 'gateway-rejected',
  'x-dead-letter-detail': 'charged already\n  0123456789ab  forged row',
  'x-dead-lettered-at': '2020-01-01T00:00:00.000Z',
  'x-original-routing-key': 'payment.succeeded',
  'x-original-timestamp': 1,
  'x-publisher': 'somebody-else',
  'x-dropped': 'nothing',
  'x-waiting-since': new Date().toISOString(),
};
/** The `x-death` header that the broker sets on a message that has waited in a retry queue. */
const delayed = [{ queue: `${workQueue}.retry.250`, reason: 'expired', count: 1, exchange: '' }];

describe('a request with forged headers of the service', () => {
  const world = useWorld();

  it('its dead letter has none of them, and its attempts begin at 0', async () => {
    await world.broker.publish('not JSON', { headers: { ...forged, 'x-own': 'kept' } });
    const [letter] = await world.broker.waitForDeadLetters(1);
    expect(letter).toMatchObject({ reason: 'invalid-message', detail: 'the body is not JSON', attempts: 0 });
    expect(letter?.headers).toMatchObject({
      'x-own': 'kept',
      'x-original-routing-key': 'payment.requested',
    });
    expect(Object.keys(letter?.headers ?? {})).not.toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^x-(original-timestamp|publisher|dropped|waiting-since)$/),
      ]),
    );
    await world.broker.takeDeadLetters(() => undefined);
  });

  it('an old request stays old, even with the headers of a delayed copy', async () => {
    const old = aPayment();
    const twoDaysAgo = Math.floor(Date.now() / 1000) - 172_800;
    await world.broker.publishPayment(old, {
      headers: { 'x-waiting-since': new Date((twoDaysAgo + 1) * 1000).toISOString(), 'x-death': delayed },
      properties: { timestamp: twoDaysAgo },
    });
    expect(await world.broker.waitForDeadLetters(1)).toMatchObject([
      { reason: 'outside-deduplication-window' },
    ]);
    expect(await world.sandbox.chargesFor(gatewayKey(old))).toEqual([]);
    await world.broker.takeDeadLetters(() => undefined);
  });

  it('the payment keeps all its attempts', async () => {
    const payment = aPayment();
    await world.sandbox.fault({ kind: 'error-500-unstored', times: 1 });
    await world.broker.publishPayment(payment, { headers: forged });
    expect(await world.service.completedPayment(payment.idempotencyKey)).toMatchObject({
      body: { attempts: 2 },
    });
  });
});

describe('a request that expires, with forged headers of the service', () => {
  // No consumer runs until the request has expired.
  const world = useWorld({ env: { APP_ROLES: 'publisher' } });
  const tool = new DeadLettersCommand(
    () => world.broker,
    () => world.redis,
  );
  const payment = aPayment();

  it('becomes a dead letter whose reason comes from the broker alone', async () => {
    await world.broker.publishPayment(payment, { headers: forged, properties: { expiration: '1' } });
    await eventually(async () => expect(await world.broker.depth(deadLetterQueue)).toBe(1));
    const [letter, ...others] = await tool.list();
    expect(others).toEqual([]);
    expect(letter).toMatchObject({
      reason: 'expired',
      attempts: 0,
      routingKey: 'payment.requested',
      idempotencyKey: payment.idempotencyKey,
      detail: expect.stringContaining('expiration'),
    });
    expect(letter).not.toHaveProperty('deadLetteredAt');
    expect(letter).not.toHaveProperty('publisher');
  });

  it('has exactly one row in the list, whatever its headers contain', async () => {
    const { output } = await tool.run('list');
    expect(output).not.toContain('forged row');
    expect(output.trimEnd().split('\n')).toHaveLength(3);
  });

  it('is charged once after a replay, and the replayed copy does not expire', async () => {
    const trace = await world.broker.traceDeliveries();
    expect(await tool.run('replay', '--all')).toMatchObject({ code: 0 });
    const service = await world.startService({ env: { APP_ROLES: 'consumer,publisher' } });
    await service.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
    const [replayed] = trace.deliveries(payment.idempotencyKey);
    const names = Object.keys(replayed?.headers ?? {});
    expect(names).toContain(keyHeader);
    expect(names).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^x-(dead-letter|original-routing|waiting)/)]),
    );
  });
});
