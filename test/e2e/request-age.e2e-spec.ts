import { DeadLettersCommand } from '../support/dead-letters-command';
import { eventually } from '../support/eventually';
import { aPayment, gatewayKey } from '../support/payments';
import { useWorld } from '../support/world';

const withoutTimestamp = { properties: { timestamp: undefined } };

describe('a request without a timestamp, where REQUIRE_TIMESTAMP is not set', () => {
  const world = useWorld();

  it('is charged in development, and the start log says so', async () => {
    const payment = aPayment();
    await world.broker.publishPayment(payment, withoutTimestamp);
    await world.service.completedPayment(payment.idempotencyKey);
    expect(world.service.output).toContain('REQUIRE_TIMESTAMP is off');
  });

  it('is rejected in production without a charge, and the start log says so', async () => {
    await world.service.terminate();
    const service = await world.startService({ env: { NODE_ENV: 'production' } });
    const payment = aPayment();
    await world.broker.publishPayment(payment, withoutTimestamp);
    const [letter] = await world.broker.waitForDeadLetters(1);
    expect(letter).toMatchObject({
      reason: 'invalid-message',
      detail: expect.stringContaining('no AMQP timestamp'),
      attempts: 0,
    });
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toEqual([]);
    expect(await world.redis.record(payment.idempotencyKey)).toBeUndefined();
    expect(service.output).toContain('REQUIRE_TIMESTAMP is on');
  });

  it('is charged after replay --force: an operator vouches for its age', async () => {
    const tool = new DeadLettersCommand(
      () => world.broker,
      () => world.redis,
    );
    const [letter] = await tool.list();
    const key = String(letter?.idempotencyKey);
    await tool.json('replay', String(letter?.id), '--force');
    await eventually(async () => (await world.redis.record(key)) !== undefined);
    expect(await world.sandbox.chargesFor(`payment:${key}`)).toHaveLength(1);
  });
});

describe('REQUIRE_TIMESTAMP', () => {
  const world = useWorld({ env: { REQUIRE_TIMESTAMP: 'true' } });

  it('rejects only requests without a timestamp, also in development', async () => {
    const [without, having] = [aPayment(), aPayment()];
    await world.broker.publishPayment(without, withoutTimestamp);
    await world.broker.publishPayment(having);
    await world.service.completedPayment(having.idempotencyKey);
    expect(await world.broker.waitForDeadLetters(1)).toMatchObject([{ reason: 'invalid-message' }]);
    expect(await world.sandbox.chargesFor(gatewayKey(without))).toEqual([]);
  });

  it('can be off in production', async () => {
    await world.broker.takeDeadLetters(() => undefined);
    await world.service.terminate();
    const service = await world.startService({ env: { NODE_ENV: 'production', REQUIRE_TIMESTAMP: 'false' } });
    const payment = aPayment();
    await world.broker.publishPayment(payment, withoutTimestamp);
    await eventually(async () => (await world.redis.record(payment.idempotencyKey)) !== undefined);
    expect(service.output).toContain('REQUIRE_TIMESTAMP is off');
  });
});
