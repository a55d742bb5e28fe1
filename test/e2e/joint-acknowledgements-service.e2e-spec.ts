import { BrokerGate } from '../support/broker-gate';
import { eventually } from '../support/eventually';
import { aPayment } from '../support/payments';
import { useWorld } from '../support/world';

describe('the service acknowledges together', () => {
  const world = useWorld({ services: 0 });
  const COPIES = 8;
  let gate: BrokerGate;

  beforeAll(async () => {
    gate = await BrokerGate.inFrontOf(world.broker.url);
    await world.startService({ rabbitmqUrl: gate.url });
  });
  afterAll(() => gate.close());

  it('the copies of a payment that waited for its answer, in one frame', async () => {
    const payment = aPayment();
    await world.beginSlowPayment(payment, { ms: 3000 });
    await world.broker.publishPayment(payment, { copies: COPIES - 1 });
    await eventually(() => expect(gate.acknowledged).toEqual([{ tag: COPIES, isMultiple: true }]));
  });

  it('and leaves nothing to redeliver but what it has not finished, when it stops under load', async () => {
    const payments = Array.from({ length: 60 }, () => aPayment({ amount: 1 }));
    await world.sandbox.fault({ kind: 'delay', delayMs: 300, when: 'before', times: 0 });
    for (const payment of payments) await world.broker.publishPayment(payment);
    await eventually(async () => expect((await world.sandbox.charges()).length).toBeGreaterThan(5));
    expect(await world.service.terminate()).toEqual({ code: 0, signal: null });
    const records = await Promise.all(
      payments.map(({ idempotencyKey }) => world.redis.record(idempotencyKey)),
    );
    const left = Object.values(await world.broker.unfinished()).reduce((sum, count) => sum + count, 0);
    expect(left).toBe(records.filter((record) => record === undefined).length);
  });
});
