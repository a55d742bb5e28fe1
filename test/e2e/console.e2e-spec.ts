import { eventually } from '../support/eventually';
import { EventStream } from '../support/event-stream';
import { aPayment } from '../support/payments';
import { useWorld } from '../support/world';

describe('GET /', () => {
  const world = useWorld();

  it('answers the page with a policy that forbids other origins and inline scripts', async () => {
    const answer = await fetch(world.service.url);
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(await answer.text()).not.toMatch(/(src|href)="(https?:)?\/\//);
  });
});

describe('GET /console/events', () => {
  const world = useWorld();

  it('sends past events first, then new ones', async () => {
    const [past, present] = [aPayment(), aPayment()];
    await world.service.postPayment(past, { copies: 2 });
    await world.service.completedPayment(past.idempotencyKey);
    // The report takes a moment to arrive.
    await eventually(async () => {
      const stream = await EventStream.open(`${world.service.url}/console/events`);
      const snapshot = await stream.next('snapshot');
      await stream.close();
      expect(snapshot).toMatchObject({ totals: { published: 2, charged: 1, duplicates: 1 } });
    });
    const stream = await EventStream.open(`${world.service.url}/console/events`);
    await world.service.postPayment(present);
    const report = await stream.until('report', (data) =>
      JSON.stringify(data).includes(present.idempotencyKey),
    );
    await stream.close();
    expect(report).toMatchObject({ totals: { published: 3 } });
  });

  it('does not contain the address of the receipt', async () => {
    const stream = await EventStream.open(`${world.service.url}/console/events`);
    const payment = aPayment({ receiptEmail: 'jane.canary@example.com' });
    await world.service.postPayment(payment);
    const report = await stream.until('report', (data) =>
      JSON.stringify(data).includes(payment.idempotencyKey),
    );
    await stream.close();
    expect(JSON.stringify(report)).not.toContain('jane.canary');
  });

  it('sends the number of waiting messages', async () => {
    const stream = await EventStream.open(`${world.service.url}/console/events`);
    expect(await stream.next('queues')).toEqual({ depths: { ready: 0, waiting: 0, dead: 0 } });
    await stream.close();
  });
});

describe('SIGTERM while a client reads the event stream', () => {
  const world = useWorld();

  it('stops the process cleanly, with exit code 0', async () => {
    const stream = await EventStream.open(`${world.service.url}/console/events`);
    await stream.next('snapshot');
    const { service } = world;
    expect(await service.terminate()).toEqual({ code: 0, signal: null });
    expect(service.logged({ msg: 'Stopped' })).toHaveLength(1);
    await stream.close();
  });
});

describe('/console/gateway', () => {
  const world = useWorld();
  const put = async (mode: unknown) =>
    fetch(`${world.service.url}/console/gateway`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ mode }),
    });

  it.each(['slow', 'failing', 'declining', 'losing-answers', 'normal'])(
    'PUT sets the mode %s, and GET returns it',
    async (mode) => {
      expect((await put(mode)).status).toBe(200);
      expect(await world.service.get('/console/gateway')).toEqual({
        status: 200,
        body: { kind: 'sandbox', mode },
      });
    },
  );

  it('GET returns `custom` when the sandbox has a fault from another client', async () => {
    await world.sandbox.fault({ kind: 'conflict', times: 0 });
    expect(await world.service.get('/console/gateway')).toMatchObject({ body: { mode: 'custom' } });
    await world.sandbox.clearFaults();
  });

  it.each(['quick', 7, undefined])('PUT rejects the mode %p: 400', async (mode) => {
    expect((await put(mode)).status).toBe(400);
  });

  it('PUT answers 409 when the gateway is not the sandbox', async () => {
    const elsewhere = await world.startService({ gatewayUrl: world.service.url });
    const answer = await fetch(`${elsewhere.url}/console/gateway`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"mode":"slow"}',
    });
    expect(answer.status).toBe(409);
  });
});

describe('the console in production', () => {
  const world = useWorld({ services: 0, env: { NODE_ENV: 'production', ALLOW_INSECURE_URLS: 'true' } });

  it('is off by default: 404', async () => {
    const service = await world.startService();
    for (const path of [
      '/',
      '/index.html',
      '/app.js',
      '/console/events',
      '/console/gateway',
      '/docs',
      '/docs-json',
    ])
      expect([path, await service.answers(path, 404)]).toEqual([path, true]);
  });

  it('is on with DEV_ENDPOINTS=true, in publishers only', async () => {
    const on = { DEV_ENDPOINTS: 'true' };
    const publisher = await world.startService({ env: on });
    const consumer = await world.startService({ env: { ...on, APP_ROLES: 'consumer' } });
    expect(await publisher.answers('/', 200)).toBe(true);
    expect(await consumer.answers('/', 404)).toBe(true);
  });
});
