import { aPayment, gatewayKey } from '../support/payments';
import type { Service } from '../support/service';
import { useWorld } from '../support/world';

const secret = 'sk_live do not print me';

describe('a start with a wrong environment', () => {
  const world = useWorld({ services: 0 });
  const wrong = {
    HOST: 'http://localhost',
    PORT: 'http',
    APP_ROLES: 'consumer,cashier',
    RABBITMQ_URL: 'http://guest:hunter2hunter2@localhost',
    RABBITMQ_PREFETCH: '0',
    REDIS_URL: 'localhost',
    IDEMPOTENCY_TTL: '-1',
    IDEMPOTENCY_LEASE: 'half a minute',
    PAYMENT_MAX_ATTEMPTS: '2.5',
    GATEWAY_KEY_RETENTION: 'forever',
    PAYMENT_DEFAULT_CURRENCY: 'QQQ',
    STRIPE_API_BASE: 'stripe',
    SHUTDOWN_TIMEOUT: 'soon',
    LOG_LEVEL: 'loud',
    DEV_ENDPOINTS: 'perhaps',
  };
  let service: Service;

  beforeAll(async () => {
    service = await world.startService({ env: { ...wrong, STRIPE_API_KEY: secret }, waitFor: 'none' });
  });

  it('ends with code 1', async () => {
    expect(await service.exited).toEqual({ code: 1, signal: null });
  });

  it.each([...Object.keys(wrong), 'STRIPE_API_KEY'])('names %s', (name) => {
    expect(service.output).toContain(name);
  });

  it('reports all in one message', () => {
    const times = service.output.split('RABBITMQ_PREFETCH').length - 1;
    expect(times).toBe(1);
  });

  it('prints no secret', () => {
    expect(['hunter2hunter2', secret].filter((word) => service.output.includes(word))).toEqual([]);
  });

  it('prints no stack trace', () => {
    expect(service.output).not.toMatch(/^\s+at /m);
  });
});

describe('health', () => {
  const world = useWorld();

  it('is live', async () => {
    expect(await world.service.get('/health/live')).toMatchObject({ status: 200, body: { status: 'ok' } });
  });

  it.each(['rabbitmq', 'redis', 'gateway'])('shows the state of %s when ready', async (dependency) => {
    const { status, body } = await world.service.get('/health/ready');
    expect(status).toBe(200);
    expect(JSON.stringify(body)).toContain(`"${dependency}"`);
  });
});

describe('an unreachable gateway', () => {
  const world = useWorld();

  it('is shown in the health report, and does not make the service unready', async () => {
    const withoutGateway = await world.startService({ gatewayUrl: 'http://127.0.0.1:9' });
    const { status, body } = await withoutGateway.get('/health/ready');
    const { body: usual } = await world.service.get('/health/ready');
    expect(status).toBe(200);
    expect(JSON.stringify(body)).toContain('"gateway"');
    expect(body).not.toEqual(usual);
  });
});

describe('a restart with a declared topology', () => {
  const world = useWorld();

  it('continues to charge', async () => {
    await world.service.terminate();
    const again = await world.startService();
    const payment = aPayment();
    await world.broker.publishPayment(payment);
    await again.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });
});

describe('messages that were published before the service started', () => {
  const world = useWorld();

  it('are charged when it starts', async () => {
    await world.service.terminate();
    const payment = aPayment();
    await world.broker.publishPayment(payment, { copies: 2 });
    const again = await world.startService();
    await again.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });
});

describe('roles', () => {
  const world = useWorld({ services: 0 });

  it('a publisher alone publishes and does not charge; a consumer alone charges and takes no payments over HTTP', async () => {
    const publisher = await world.startService({ env: { APP_ROLES: 'publisher' } });
    const payment = aPayment();
    expect(await publisher.postPayment(payment)).toMatchObject({ status: 202 });
    expect(await world.broker.consumerCount()).toBe(0);

    const consumer = await world.startService({ env: { APP_ROLES: 'consumer' } });
    expect(await consumer.postPayment(payment)).toMatchObject({ status: 404 });
    await publisher.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });
});

describe('the development endpoints in production', () => {
  const world = useWorld({ services: 0, env: { NODE_ENV: 'production' } });

  it('are off', async () => {
    const service = await world.startService();
    expect(await service.postPayment(aPayment())).toMatchObject({ status: 404 });
    const paths = ['/', '/docs', '/docs-json', '/dead-letters', '/console', '/console/events'];
    const answers = await Promise.all(paths.map((path) => service.get(path)));
    expect(answers.map(({ status }) => status)).toEqual(paths.map(() => 404));
  });

  it('are on with DEV_ENDPOINTS=true', async () => {
    const service = await world.startService({ env: { DEV_ENDPOINTS: 'true' } });
    expect(await service.postPayment(aPayment())).toMatchObject({ status: 202 });
  });
});
