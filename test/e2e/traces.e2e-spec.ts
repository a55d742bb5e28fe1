import { eventually } from '../support/eventually';
import { aPayment, gatewayKey } from '../support/payments';
import { workQueue } from '../support/topology';
import { TraceReceiver } from '../support/trace-receiver';
import { useWorld } from '../support/world';

describe('a payment through three processes, the first attempt of which fails at the gateway', () => {
  const world = useWorld({ services: 0 });
  const receiver = new TraceReceiver();
  const payment = aPayment();
  const processed = `process ${workQueue}`;
  let traceId = '';

  beforeAll(async () => {
    const endpoint = await receiver.listen();
    const start = (name: string, role: string) =>
      world.startService({
        name,
        env: {
          APP_ROLES: role,
          OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
          OTEL_SERVICE_NAME: name,
          OTEL_BSP_SCHEDULE_DELAY: '50',
          // Switches the receipt consumer on. This payment needs no receipt, so no mail server is needed.
          SMTP_URL: 'smtp://127.0.0.1:9',
          RECEIPT_FROM: 'receipts@shop.example',
        },
      });
    const publisher = await start('publisher', 'publisher');
    await Promise.all([start('consumer-1', 'consumer'), start('consumer-2', 'consumer')]);
    await world.sandbox.fault({
      kind: 'error-500-unstored',
      matching: { idempotencyKey: gatewayKey(payment) },
    });
    await publisher.postPayment(payment);
    await publisher.completedPayment(payment.idempotencyKey);
    // A publisher without tracing: the duplicate gets its own trace.
    await world.broker.publishPayment(payment);
    await eventually(() => {
      traceId = receiver.spans.find(({ name }) => name === 'POST /payments')?.traceId ?? '';
      expect(receiver.tree(traceId)).toContain('process notifications.receipt');
      expect(receiver.spans.filter(({ name }) => name === processed)).toHaveLength(3);
      expect(receiver.tree(traceId).match(/idempotency complete/g)).toHaveLength(2);
    });
  });

  afterAll(() => receiver.close());

  it('is one trace, from the request over both attempts to Redis and the gateway', () => {
    expect(
      receiver
        .tree(traceId)
        .replace(/consumer-\d/g, 'consumer')
        .replace(/retry\.\d+/, 'retry.<ms>'),
    ).toBe(
      `publisher: POST /payments
  publisher: idempotency begin
  publisher: publish payment.requested
    consumer: process payments.charge
      consumer: idempotency begin
      consumer: gateway charge
      consumer: idempotency release
      consumer: publish payments.charge.retry.<ms>
        consumer: process payments.charge
          consumer: idempotency begin
          consumer: gateway charge
          consumer: publish payment.succeeded
            consumer: process notifications.receipt
          consumer: idempotency complete
  publisher: idempotency complete`,
    );
  });

  it('links the duplicate, which has its own trace, to the run whose result it got', () => {
    const duplicate = receiver.spans.find((span) => span.name === processed && span.traceId !== traceId);
    expect(duplicate?.linkedTraceIds).toEqual([traceId]);
  });

  it('contains no card and no credentials', () => {
    const texts = receiver.spans.map(({ text }) => text).join('\n');
    expect(texts).not.toMatch(/pm_card|sk_test|CUST-001|guest:/);
    expect(texts).toContain(payment.paymentId);
  });

  it('has the same trace id in the log lines of all processes', () => {
    const phrases = ['Payment published', 'Payment delayed', 'Processing payment: success'];
    const lines = world.services.flatMap(({ logs }) =>
      logs.filter(({ msg }) => phrases.includes(String(msg))),
    );
    expect(lines.map(({ msg, traceId: id }) => ({ msg, id }))).toEqual(
      expect.arrayContaining(phrases.map((msg) => ({ msg, id: traceId }))),
    );
  });

  it('has payment, key, attempt and trace id in every log line of its processing', () => {
    const { paymentId, idempotencyKey } = payment;
    const lines = world.services.flatMap(({ logs }) => logs.filter(({ traceId: id }) => id === traceId));
    const ofConsumers = lines.filter(({ context }) =>
      /^Payment(Service|Deliveries|Log)$/.test(String(context)),
    );
    expect(ofConsumers.length).toBeGreaterThan(4);
    for (const line of ofConsumers)
      expect(line).toMatchObject({ paymentId, idempotencyKey, attempt: expect.any(Number) });
  });
});
