import { eventually } from '../support/eventually';
import { Metrics } from '../support/metrics';
import { alertRules, dashboardQueries, labelsIn, metricsIn } from '../support/monitoring';
import { aPayment, gatewayKey } from '../support/payments';
import { deadLetterQueue, workQueue } from '../support/topology';
import { useWorld } from '../support/world';

describe('the metrics of a consumer', () => {
  const world = useWorld({ env: { IDEMPOTENCY_LEASE: '1' } });
  const payments = {
    slow: aPayment(),
    declined: aPayment({ paymentMethodId: 'pm_card_visa_chargeDeclined' }),
  };
  const troubled = aPayment();
  let metrics: Metrics;

  /** The slow one is renewed and has two copies, one is declined, one fails at first, and one is no payment at all. */
  beforeAll(async () => {
    await world.slowDown(payments.slow, { ms: 1_500 });
    await world.sandbox.fault({
      kind: 'error-500-unstored',
      matching: { idempotencyKey: gatewayKey(troubled) },
    });
    await world.broker.publishPayment(payments.slow, { copies: 3 });
    await world.broker.publishPayment(payments.declined);
    await world.broker.publishPayment(troubled);
    await world.broker.publish('{}', { headers: { 'idempotency-key': 'no-payment' } });
    await Promise.all(
      [payments.slow, payments.declined, troubled].map(({ idempotencyKey }) =>
        world.service.completedPayment(idempotencyKey),
      ),
    );
    await world.broker.waitForDeadLetters(1);
    metrics = await eventually(async () => {
      const shown = await Metrics.of(world.service);
      expect(shown.value('payments_messages_in_progress')).toBe(0);
      expect(shown.value('payments_queue_ready_messages', { queue: deadLetterQueue })).toBe(1);
      return shown;
    });
  });

  it.each([
    ['processed', 3],
    ['duplicate', 2],
    ['delayed', 1],
    ['dead-lettered', 1],
    ['requeued', 0],
  ])('count messages by outcome: %s', (outcome, count) => {
    expect(metrics.value('payments_messages_total', { queue: workQueue, outcome })).toBe(count);
    expect(metrics.value('payments_message_duration_seconds_count', { queue: workQueue, outcome })).toBe(
      count === 0 ? undefined : count,
    );
  });

  it('count what was delayed and dead-lettered by reason', () => {
    expect(metrics.value('payments_messages_delayed_total', { reason: 'gateway-unavailable' })).toBe(1);
    expect(metrics.value('payments_messages_delayed_total', { reason: 'in-progress' })).toBe(0);
    expect(metrics.value('payments_messages_dead_lettered_total', { reason: 'invalid-message' })).toBe(1);
  });

  it.each([
    ['succeeded', 2],
    ['declined', 1],
    ['unavailable', 1],
  ])('time the calls to the gateway by result: %s', (result, count) => {
    const labels = { call: 'charge', result };
    expect(metrics.value('payments_gateway_call_duration_seconds_count', labels)).toBe(count);
  });

  it('count leases: acquired, renewed, lost', () => {
    const events = (event: string) => metrics.value('idempotency_events_total', { scope: 'payment', event });
    expect(events('acquired')).toBe(4);
    expect(events('lease-renewed')).toBeGreaterThan(0);
    expect(events('lease-lost')).toBe(0);
  });

  it('time each step of the store', () => {
    const steps = (step: string) =>
      metrics.value('idempotency_store_step_duration_seconds_count', { step, result: 'ok' });
    expect(steps('begin')).toBe(4);
    expect(steps('complete')).toBe(3);
    expect(steps('release')).toBe(1);
  });

  it('show that messages are consumed, and by how many', () => {
    expect(metrics.value('payments_consumption_state', { state: 'consuming' })).toBe(1);
    expect(metrics.value('payments_consumption_state', { state: 'paused' })).toBe(0);
    expect(metrics.value('payments_queue_consumers', { queue: workQueue })).toBe(1);
  });

  it('show the depth of each queue, the retry queues among them', () => {
    expect(metrics.value('payments_queue_ready_messages', { queue: workQueue })).toBe(0);
    expect(metrics.value('payments_queue_ready_messages', { queue: `${workQueue}.retry.250` })).toBe(0);
  });

  it('show the lag of the event loop', () => {
    expect(metrics.value('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0);
  });

  describe('are all that operators are told to look at:', () => {
    const queries = [...alertRules().map(({ expr }) => expr), ...dashboardQueries()];
    /** Prometheus makes it when it scrapes. */
    const prometheusOwn = ['up'];

    it('every metric in the alerts and in the dashboard', () => {
      const asked = new Set(queries.flatMap(metricsIn));
      expect(asked.size).toBeGreaterThan(10);
      expect([...asked].filter((name) => !metrics.names.has(name) && !prometheusOwn.includes(name))).toEqual(
        [],
      );
    });

    it('every value of a label, too', () => {
      const asked = queries.flatMap(labelsIn).filter(({ label }) => label !== 'job');
      const unknown = asked.filter(({ label, value }) => {
        const shown = [...metrics.labelValues(label)];
        return !shown.some((known) => new RegExp(`^(?:${value})$`).test(known));
      });
      // A failure that does not happen in this traffic: the gateway's own words for it.
      expect(new Set(unknown.map(({ value }) => value))).toEqual(new Set(['outcome-unknown', 'fault']));
    });
  });

  it('have no key and no id in any label', () => {
    const labels = ['queue', 'outcome', 'reason', 'scope', 'event', 'step', 'result', 'call', 'state'];
    const values = labels.flatMap((label) => [...metrics.labelValues(label)]);
    expect(values.filter((value) => /^key-|^PAY-|no-payment/.test(value))).toEqual([]);
  });
});
