import { eventually } from '../support/eventually';
import { EventStream } from '../support/event-stream';
import { aPayment } from '../support/payments';
import { useWorld } from '../support/world';

describe('GET /', () => {
  const world = useWorld();

  it('answers the page, which may load nothing from elsewhere and run nothing inline', async () => {
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

  it('tells what happened before, then what happens', async () => {
    const [past, present] = [aPayment(), aPayment()];
    await world.service.postPayment(past, { copies: 2 });
    await world.service.completedPayment(past.idempotencyKey);
    // The report of it is on its way for a moment.
    await eventually(async () => {
      const stream = await EventStream.open(`${world.service.url}/console/events`);
      const snapshot = await stream.next('snapshot');
      await stream.close();
      expect(snapshot).toMatchObject({ totals: { published: 2, charged: 1, duplicates: 1 } });
    });
    const stream = await EventStream.open(`${world.service.url}/console/events`);
    await world.service.postPayment(present);
    const told = await stream.until('report', (data) =>
      JSON.stringify(data).includes(present.idempotencyKey),
    );
    await stream.close();
    expect(told).toMatchObject({ totals: { published: 3 } });
  });

  it('tells nothing of where the receipt goes', async () => {
    const stream = await EventStream.open(`${world.service.url}/console/events`);
    const payment = aPayment({ receiptEmail: 'somebody@example.com' });
    await world.service.postPayment(payment);
    const told = await stream.until('report', (data) =>
      JSON.stringify(data).includes(payment.idempotencyKey),
    );
    await stream.close();
    expect(JSON.stringify(told)).not.toContain('somebody');
  });

  it('tells how many messages wait', async () => {
    const stream = await EventStream.open(`${world.service.url}/console/events`);
    expect(await stream.next('queues')).toEqual({ depths: { ready: 0, waiting: 0, dead: 0 } });
    await stream.close();
  });
});

describe('SIGTERM while somebody looks', () => {
  const world = useWorld();

  it('ends the process in order, with code 0', async () => {
    const stream = await EventStream.open(`${world.service.url}/console/events`);
    await stream.next('snapshot');
    const { service } = world;
    expect(await service.terminate()).toEqual({ code: 0, signal: null });
    expect(service.logged({ msg: 'Stopped' })).toHaveLength(1);
    await stream.close();
  });
});

describe('the gateway by the console', () => {
  const world = useWorld();
  const put = async (mode: unknown) =>
    fetch(`${world.service.url}/console/gateway`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ mode }),
    });

  it.each(['slow', 'failing', 'declining', 'losing-answers', 'normal'])(
    'is made %s, and says so',
    async (mode) => {
      expect((await put(mode)).status).toBe(200);
      expect(await world.service.get('/console/gateway')).toEqual({
        status: 200,
        body: { kind: 'sandbox', mode },
      });
    },
  );

  it('says that somebody else has ordered something', async () => {
    await world.sandbox.fault({ kind: 'conflict', times: 0 });
    expect(await world.service.get('/console/gateway')).toMatchObject({ body: { mode: 'custom' } });
    await world.sandbox.clearFaults();
  });

  it.each(['quick', 7, undefined])('is not made %p: 400', async (mode) => {
    expect((await put(mode)).status).toBe(400);
  });

  it('that is no sandbox is told nothing: 409', async () => {
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

  it('is not there', async () => {
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

  it('is there when switched on, where payments can be published', async () => {
    const on = { DEV_ENDPOINTS: 'true' };
    const publisher = await world.startService({ env: on });
    const consumer = await world.startService({ env: { ...on, APP_ROLES: 'consumer' } });
    expect(await publisher.answers('/', 200)).toBe(true);
    expect(await consumer.answers('/', 404)).toBe(true);
  });
});
