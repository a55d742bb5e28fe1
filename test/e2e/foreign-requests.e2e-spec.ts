import { isJsonObject, parseJsonObject } from '../support/json';
import { aPayment, withoutKey } from '../support/payments';
import { send, type RawRequest } from '../support/raw-http';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';

const json = { 'content-type': 'application/json' };
const routes: (RawRequest & { path: string })[] = [
  { method: 'GET', path: '/' },
  { method: 'GET', path: '/app.js' },
  { method: 'GET', path: '/docs' },
  { method: 'GET', path: '/docs-json' },
  { method: 'GET', path: '/console/events' },
  { method: 'GET', path: '/console/gateway' },
  { method: 'PUT', path: '/console/gateway', body: '{"mode":"failing"}' },
  { method: 'GET', path: '/dead-letters' },
  { method: 'POST', path: '/dead-letters/replay', body: '{"all":true}' },
  { method: 'DELETE', path: '/dead-letters/c0ffee' },
  { method: 'POST', path: '/payments', body: JSON.stringify(withoutKey(aPayment())) },
  { method: 'GET', path: '/payments/some-key' },
  { method: 'OPTIONS', path: '/payments' },
  { method: 'GET', path: '/nothing' },
];

describe('the development endpoints', () => {
  const world = useWorld();

  beforeAll(async () => {
    await world.broker.publish('not a payment');
    await world.broker.waitForDeadLetters(1);
  });

  it.each(routes)('reject $method $path with a host name that may have been rebound', async (route) => {
    const headers = { ...json, host: `rebound.example:${new URL(world.service.url).port}` };
    const { status, text } = await send(`${world.service.url}${route.path}`, { ...route, headers });
    expect({ status, ...parseJsonObject(text) }).toEqual({
      status: 403,
      statusCode: 403,
      error: 'Forbidden',
      message: expect.stringMatching(/use an IP address, localhost or a name without a dot, or set HOST/),
    });
  });

  it.each(routes)('reject $method $path from a page of another origin', async (route) => {
    const headers = { ...json, origin: 'http://evil.example' };
    const { status, text } = await send(`${world.service.url}${route.path}`, { ...route, headers });
    expect([status, text]).toEqual([403, expect.stringContaining('a page of another origin')]);
  });

  it.each(['null', 'http://localhost', 'http://127.0.0.1:1'])('reject the origin %s', async (origin) => {
    expect((await send(`${world.service.url}/dead-letters`, { headers: { origin } })).status).toBe(403);
  });

  it('had no effect for the rejected requests', async () => {
    expect((await world.service.get('/console/gateway')).body).toEqual({ kind: 'sandbox', mode: 'normal' });
    expect(await world.broker.depth(deadLetterQueue)).toBe(1);
    expect(await world.sandbox.charges()).toEqual([]);
  });

  it.each(['localhost', 'shop.localhost', 'service', 'host.docker.internal', '[::1]', '10.0.0.7'])(
    'answer requests with the host name %s',
    async (name) => {
      const headers = { host: `${name}:3000`, origin: `http://${name}:3000` };
      const { status, text } = await send(`${world.service.url}/dead-letters`, { headers });
      const body = parseJsonObject(text);
      expect([status, isJsonObject(body) && body.total]).toEqual([200, 1]);
    },
  );

  it.each(['/health/live', '/health/ready', '/metrics'])('do not restrict %s', async (path) => {
    const headers = { host: 'payments.shop.svc.cluster.local:3000' };
    expect((await send(`${world.service.url}${path}`, { headers })).status).toBe(200);
  });
});

describe('production, without development endpoints', () => {
  const world = useWorld({ services: 0, env: { NODE_ENV: 'production', ALLOW_INSECURE_URLS: 'true' } });

  it('accepts every host name and origin', async () => {
    const service = await world.startService();
    const headers = { host: 'payments.example.com', origin: 'http://other.example.com' };
    const statuses = ['/health/live', '/nothing'].map(
      async (path) => (await send(`${service.url}${path}`, { headers })).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 404]);
  });
});
