import type { Exit } from '../support/child-process';
import { eventually } from '../support/eventually';
import { Metrics } from '../support/metrics';
import { keptBy, tellsWhatItKeeps } from '../support/kept';
import { aPayment, gatewayKey } from '../support/payments';
import type { Answer, Service } from '../support/service';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';

const recoveryMs = 60_000;

describe('RabbitMQ killed under load', () => {
  const world = useWorld({ own: { rabbitmq: true }, services: 3, env: { IDEMPOTENCY_LEASE: '3' } });
  const payments = Array.from({ length: 40 }, () => aPayment({ amount: 1 }));
  const during: { posted?: Answer; ready?: Answer; stopped?: Exit; late?: Service } = {};

  beforeAll(async () => {
    await world.sandbox.fault({ kind: 'delay', delayMs: 500, when: 'before', times: 0 });
    for (const payment of payments) await world.broker.publishPayment(payment);
    await eventually(async () => expect((await world.sandbox.charges()).length).toBeGreaterThan(0));
    await world.rabbitmqServer.kill();
    during.ready = await eventually(async () => {
      const ready = await world.service.get('/health/ready');
      expect(ready.status).toBe(503);
      return ready;
    });
    during.posted = await world.service.postPayment(aPayment());
    during.late = await world.startService({ waitFor: 'live' });
    during.stopped = await world.serviceAt(2).terminate();
    await world.rabbitmqServer.restart();
  }, 120_000);

  it('turns readiness red and says why', () => {
    expect(JSON.stringify(during.ready?.body)).toContain('rabbitmq');
  });

  it('answers 503 to a publish, which is never reported as sent', () => {
    expect(during.posted).toMatchObject({ status: 503 });
  });

  it('lets a process stop cleanly during the outage: exit code 0', () => {
    expect(during.stopped).toEqual({ code: 0, signal: null });
  });

  it('loses and duplicates nothing: every payment is charged once', async () => {
    await Promise.all(
      payments.map(({ idempotencyKey }) => world.service.completedPayment(idempotencyKey, recoveryMs)),
    );
    expect(await world.sandbox.charges()).toHaveLength(payments.length);
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
  });

  it('needs no restart: both processes consume again', async () => {
    await Promise.all(
      [world.serviceAt(0), world.serviceAt(1)].map((service) => service.untilHealthy('ready', recoveryMs)),
    );
    expect(await world.broker.consumerCount()).toBeGreaterThanOrEqual(2);
  });

  it('does not crash a process that starts during the outage: it waits and becomes ready', async () => {
    await during.late?.untilHealthy('ready', recoveryMs);
    expect(during.late?.running).toBe(true);
  });
});

describe('RabbitMQ frozen', () => {
  const world = useWorld({ own: { rabbitmq: true } });
  const payment = aPayment();
  let answer: Answer;
  let metrics: Metrics;
  let ready: Answer;

  beforeAll(async () => {
    await world.rabbitmqServer.freeze();
    [answer, metrics] = await Promise.all([world.service.postPayment(payment), Metrics.of(world.service)]);
    ready = await world.service.get('/health/ready');
    await world.rabbitmqServer.thaw();
  });

  it('answers 503 to a publish that is not confirmed in time', () => {
    expect(answer).toMatchObject({ status: 503 });
  });

  it('turns readiness red, long before the connection counts as lost, and says why', () => {
    expect(ready).toMatchObject({ status: 503 });
    expect(JSON.stringify(ready.body)).toContain('does not confirm publishes');
  });

  it('turns readiness green again, though nothing is published', async () => {
    await world.service.untilHealthy('ready', recoveryMs);
  });

  it('still serves metrics, without the unknown queue depths', () => {
    expect(metrics.value('payments_messages_in_progress')).toBe(0);
    expect(metrics.value('payments_queue_ready_messages')).toBeUndefined();
  });

  it('charges once when the same key is posted again', async () => {
    await eventually(
      async () => expect(await world.service.postPayment(payment)).toMatchObject({ status: 202 }),
      {
        withinMs: recoveryMs,
      },
    );
    await world.service.completedPayment(payment.idempotencyKey, recoveryMs);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('the service stops cleanly, though the broker does not answer', async () => {
    await world.rabbitmqServer.freeze();
    const exit = await world.service.terminate();
    await world.rabbitmqServer.thaw();
    expect(exit).toEqual({ code: 0, signal: null });
  });
});

describe('an acknowledgement that can no longer be sent', () => {
  const world = useWorld({ env: { IDEMPOTENCY_LEASE: '3' } });

  it('does not crash the process: connections closed in flight, charged once, answered from the record', async () => {
    const payment = aPayment();
    const connections = await world.broker.otherConnections();
    const trace = await world.broker.traceDeliveries();
    await world.beginSlowPayment(payment, { ms: 3000 });
    await world.broker.forceClose(connections);
    await eventually(() => trace.deliveries(payment.idempotencyKey).length > 1);
    await world.service.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
    expect(world.service.running).toBe(true);
  });

  it('does not stop the consumer', async () => {
    const payment = aPayment();
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });
});

describe('a failed attempt whose message RabbitMQ has already redelivered', () => {
  const world = useWorld({ env: { STRIPE_TIMEOUT: '6' } });

  it('leaves the replacement to the redelivery: one delayed copy of the first attempt, not two', async () => {
    const payment = aPayment();
    const connections = await world.broker.otherConnections();
    const trace = await world.broker.traceDeliveries();
    await world.beginSlowPayment(payment, { ms: 8_000 });
    await world.broker.forceClose(connections);
    await eventually(() => trace.deliveries(payment.idempotencyKey).length > 1);
    await world.service.completedPayment(payment.idempotencyKey);
    const copies = trace.delayed(payment.idempotencyKey).map(({ headers }) => headers['x-attempts']);
    expect(copies.filter((attempts) => attempts === 1)).toEqual([1]);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });
});

describe('hundreds of publishes while RabbitMQ is down', () => {
  const world = useWorld({ own: { rabbitmq: true }, services: 0 });

  it('leave nothing behind in the process', async () => {
    await world.startService({ nodeArgs: tellsWhatItKeeps });
    const before = await keptBy(world.service);
    await world.rabbitmqServer.kill();
    await eventually(async () => expect((await world.service.get('/health/ready')).status).toBe(503));
    const answers = await Promise.all(
      Array.from({ length: 300 }, () => world.service.postPayment(aPayment())),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    await world.rabbitmqServer.restart();
    await world.service.untilHealthy('ready', recoveryMs);
    expect(await keptBy(world.service)).toEqual(before);
    expect(world.service.output).not.toContain('MaxListenersExceededWarning');
  });
});

describe('a returned (unroutable) message', () => {
  const world = useWorld();

  it('is an error: the publisher answers 503', async () => {
    await world.broker.unbindWorkQueue();
    const answer = await world.service.postPayment(aPayment());
    await world.broker.bindWorkQueue();
    expect(answer).toMatchObject({ status: 503 });
  });

  it('leaves nothing behind: the next publish is confirmed', async () => {
    expect(await world.service.postPayment(aPayment())).toMatchObject({ status: 202 });
  });
});
