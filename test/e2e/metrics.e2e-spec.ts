import { eventually } from '../support/eventually';
import { Metrics } from '../support/metrics';
import { alertRules, dashboardQueries, labelsIn, metricsIn } from '../support/monitoring';
import { aPayment, gatewayKey } from '../support/payments';
import { deadLetterQueue, workQueue } from '../support/topology';
import { useWorld } from '../support/world';

describe('the metrics of a consumer', () => {
  const world = useWorld({ ledger: true, env: { IDEMPOTENCY_LEASE: '1' } });
  const payments = {
    slow: aPayment(),
    declined: aPayment({ paymentMethodId: 'pm_card_visa_chargeDeclined' }),
  };
  const failsAtFirst = aPayment();
  let metrics: Metrics;

  /** Slow: its lease is renewed, and it has two duplicates. The others: one declined, one fails at first, one invalid message. */
  beforeAll(async () => {
    await world.slowDown(payments.slow, { ms: 1_500 });
    await world.sandbox.fault({
      kind: 'error-500-unstored',
      matching: { idempotencyKey: gatewayKey(failsAtFirst) },
    });
    await world.broker.publishPayment(payments.slow, { copies: 3 });
    await world.broker.publishPayment(payments.declined);
    await world.broker.publishPayment(failsAtFirst);
    await world.broker.publish('{}', { headers: { 'idempotency-key': 'no-payment' } });
    await Promise.all(
      [payments.slow, payments.declined, failsAtFirst].map(({ idempotencyKey }) =>
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
  ])('measure the calls to the gateway by result: %s', (result, count) => {
    const labels = { call: 'charge', result };
    expect(metrics.value('payments_gateway_call_duration_seconds_count', labels)).toBe(count);
  });

  it('count leases: acquired, renewed, lost', () => {
    const countOf = (event: string) => metrics.value('idempotency_events_total', { scope: 'payment', event });
    expect(countOf('acquired')).toBe(4);
    expect(countOf('lease-renewed')).toBeGreaterThan(0);
    expect(countOf('lease-lost')).toBe(0);
  });

  it('measure the duration of each store step', () => {
    const countOf = (step: string) =>
      metrics.value('idempotency_store_step_duration_seconds_count', { step, result: 'ok' });
    expect(countOf('begin')).toBe(4);
    expect(countOf('complete')).toBe(3);
    expect(countOf('release')).toBe(1);
  });

  it('show that messages are consumed, and the number of consumers', () => {
    expect(metrics.value('payments_consumption_state', { state: 'consuming' })).toBe(1);
    expect(metrics.value('payments_consumption_state', { state: 'paused' })).toBe(0);
    expect(metrics.value('payments_queue_consumers', { queue: workQueue })).toBe(1);
  });

  it('show the depth of each queue, including the retry queues', () => {
    expect(metrics.value('payments_queue_ready_messages', { queue: workQueue })).toBe(0);
    expect(metrics.value('payments_queue_ready_messages', { queue: `${workQueue}.retry.250` })).toBe(0);
  });

  it('show the lag of the event loop', () => {
    expect(metrics.value('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0);
  });

  describe('include everything that operators are told to watch:', () => {
    const queries = [...alertRules().map(({ expr }) => expr), ...dashboardQueries()];
    /** Prometheus itself adds these when it scrapes. */
    const prometheusOwn = ['up'];

    it('every metric in the alerts and in the dashboard', () => {
      const used = new Set(queries.flatMap(metricsIn));
      expect(used.size).toBeGreaterThan(10);
      expect([...used].filter((name) => !metrics.names.has(name) && !prometheusOwn.includes(name))).toEqual(
        [],
      );
    });

    it('every label value in the alerts and in the dashboard', () => {
      const used = queries.flatMap(labelsIn).filter(({ label }) => label !== 'job');
      const unknown = used.filter(({ label, value }) => {
        const shown = [...metrics.labelValues(label)];
        return !shown.some((known) => new RegExp(`^(?:${value})$`).test(known));
      });
      // Label values of failures that do not occur in this test.
      expect(new Set(unknown.map(({ value }) => value))).toEqual(new Set(['outcome-unknown', 'fault']));
    });
  });

  it('contain no key and no id in a label', () => {
    const labels = ['queue', 'outcome', 'reason', 'scope', 'event', 'step', 'result', 'call', 'state'];
    const values = labels.flatMap((label) => [...metrics.labelValues(label)]);
    expect(values.filter((value) => /^key-|^PAY-|no-payment/.test(value))).toEqual([]);
  });
});
