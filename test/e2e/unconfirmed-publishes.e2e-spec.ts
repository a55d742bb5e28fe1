import { BrokerGate } from '../support/broker-gate';
import { eventually } from '../support/eventually';
import { HeardEvents } from '../support/heard-events';
import { aPayment, gatewayKey } from '../support/payments';
import { deadLetterQueue, routingKey } from '../support/topology';
import { useWorld } from '../support/world';
import type { World } from '../support/world';

/** Longer than any test. */
const NEVER_MS = 3_600_000;
const probe = 'payments.publish-probe';
const recoveryMs = 30_000;

/** Starts a service that connects to the broker through a gate. */
async function startBehindGate(world: World): Promise<BrokerGate> {
  const gate = await BrokerGate.inFrontOf(world.broker.url);
  await world.startService({ rabbitmqUrl: gate.url });
  return gate;
}

async function untilUnready(world: World): Promise<void> {
  await eventually(
    async () => {
      const ready = await world.service.get('/health/ready');
      expect(ready.status).toBe(503);
      expect(JSON.stringify(ready.body)).toContain('does not confirm publishes');
    },
    { withinMs: recoveryMs },
  );
}

describe('a queue that accepts messages without confirming them, while other queues confirm', () => {
  const world = useWorld({ services: 0 });
  let gate: BrokerGate;

  beforeAll(async () => {
    gate = await startBehindGate(world);
    gate.withholdConfirms(deadLetterQueue);
    await world.broker.publishRaw('not JSON', []);
    await untilUnready(world);
  });
  afterAll(() => gate.close());

  it('keeps readiness red, although the broker confirms other publishes', async () => {
    const probesSent = () => gate.published.filter((key) => key === probe).length;
    await eventually(() => probesSent() > 8, { withinMs: recoveryMs });
    expect(await world.service.get('/health/ready')).toMatchObject({ status: 503 });
  });

  it('gets each message once, even if confirms take long', async () => {
    gate.releaseConfirms();
    await world.service.untilHealthy('ready', recoveryMs);
    await eventually(() => world.broker.isDrained());
    expect(await world.broker.depth(deadLetterQueue)).toBe(1);
  });
});

describe('a broker that accepts no messages because of an alarm', () => {
  const world = useWorld({ services: 0 });
  const payment = aPayment();
  let gate: BrokerGate;

  beforeAll(async () => {
    gate = await startBehindGate(world);
    gate.block();
    await untilUnready(world);
  });
  afterAll(() => gate.close());

  it('gets no messages: a publish fails at once and is not sent later', async () => {
    expect(await world.service.postPayment(payment)).toMatchObject({ status: 503 });
    expect(gate.published).not.toContain(routingKey);
  });

  it('gets messages again when the alarm is over', async () => {
    gate.unblock();
    await world.service.untilHealthy('ready', recoveryMs);
    expect(await world.service.postPayment(payment)).toMatchObject({ status: 202 });
    await world.service.completedPayment(payment.idempotencyKey);
  });
});

describe('an alarm while an event waits in the ledger', () => {
  const world = useWorld({
    services: 0,
    ledger: true,
    gateway: { settleAfterMs: NEVER_MS },
    env: { FOLLOW_UP_AFTER: '1' },
  });
  const payment = aPayment({ paymentMethodId: 'pm_usBankAccount_success' });
  let gate: BrokerGate;
  let events: HeardEvents;

  beforeAll(async () => {
    gate = await startBehindGate(world);
    events = await HeardEvents.on(world.broker.url);
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    gate.block();
    await world.sandbox.settle(payment.idempotencyKey);
  });
  afterAll(() => Promise.all([gate.close(), events.close()]));

  it('does not count against the event, which is published soon after it', async () => {
    const waiting = () => world.service.logged({ level: 'warn', context: 'PaymentEventRelay' });
    await eventually(() => expect(waiting()).not.toEqual([]));
    expect(waiting()).toMatchObject([{ msg: 'Events wait in the ledger: RabbitMQ blocks publishers' }]);
    const { rows } = await world.ledger.query('SELECT failures FROM payment_outbox');
    expect(rows).toEqual([{ failures: 0 }]);
    gate.unblock();
    await eventually(() => expect(events.of(payment)).toHaveLength(1));
  });
});

describe('a connection that ends before the broker has confirmed a payment request', () => {
  const world = useWorld({ services: 0 });
  const payment = aPayment();
  let gate: BrokerGate;

  beforeAll(async () => {
    gate = await startBehindGate(world);
  });
  afterAll(() => gate.close());

  it('the request is published again under its key: answered 202, charged once', async () => {
    const connections = await world.broker.otherConnections();
    const channelsOpened = () => gate.steps.filter((step) => step === 'confirm.select').length;
    const openedBefore = channelsOpened();
    gate.withholdConfirms(routingKey);
    const answer = world.service.postPayment(payment);
    await eventually(() => gate.published.includes(routingKey));
    await world.broker.forceClose(connections);
    await eventually(() => channelsOpened() > openedBefore);
    gate.releaseConfirms();
    expect(await answer).toMatchObject({ status: 202 });
    await world.service.completedPayment(payment.idempotencyKey);
    await eventually(() => world.broker.isDrained());
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
    expect(gate.published.filter((key) => key === routingKey).length).toBeGreaterThan(1);
  });
});
