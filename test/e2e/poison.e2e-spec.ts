import { DeadLettersCommand } from '../support/dead-letters-command';
import { eventually } from '../support/eventually';
import { aPayment, gatewayKey } from '../support/payments';
import { redisKeys } from '../support/redis';
import { deadLetterQueue, workQueue } from '../support/topology';
import { useWorld } from '../support/world';

const aboveAnyDeliveryLimit = 100;

describe('a message that kills its consumer again and again', () => {
  const world = useWorld({ env: { IDEMPOTENCY_LEASE: '2' } });
  const poison = aPayment();
  let deaths = 0;

  beforeAll(async () => {
    await world.service.terminate();
    await world.broker.publishDelayed(poison);
    while ((await world.broker.depth(deadLetterQueue)) === 0) {
      expect(deaths).toBeLessThan(aboveAnyDeliveryLimit);
      await eventually(async () => {
        const [waiting, dead] = [
          await world.broker.depth(workQueue),
          await world.broker.depth(deadLetterQueue),
        ];
        expect(waiting + dead).toBe(1);
      });
      if ((await world.broker.depth(workQueue)) === 1) {
        await world.broker.dieHoldingAMessage();
        deaths++;
      }
    }
    // The lock of the last consumer that it killed.
    await world.redis.client.set(redisKeys(poison.idempotencyKey).lock, 'a consumer that died', 'PX', 2000);
    await world.startService();
  });

  it("becomes a dead letter by the queue's delivery limit, with its body and key", async () => {
    const letters = await world.broker.deadLetters();
    expect(letters).toMatchObject([
      { headers: { 'idempotency-key': poison.idempotencyKey, 'x-first-death-reason': 'expired' } },
    ]);
    expect(letters[0]?.body.toString()).toBe(JSON.stringify(poison));
  });

  it('has the reason delivery-limit and ends its payment, though it was delayed before', async () => {
    const command = new DeadLettersCommand(() => world.broker);
    expect(await command.list()).toMatchObject([{ reason: 'delivery-limit', endsPayment: true }]);
  });

  it('was delivered several times before', () => {
    expect(deaths).toBeGreaterThanOrEqual(3);
  });

  it('does not block other payments', async () => {
    const other = aPayment();
    await world.broker.publishPayment(other);
    await world.serviceAt(1).completedPayment(other.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(other))).toHaveLength(1);
  });

  it('does not block its own key for longer than a lease', async () => {
    await world.broker.publishPayment(poison);
    await world.serviceAt(1).completedPayment(poison.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(poison))).toHaveLength(1);
  });
});
