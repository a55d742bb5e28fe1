import { send } from '../support/raw-http';
import { startSandbox, type Sandbox } from '../support/sandbox';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.stop());

const json = { 'content-type': 'application/json' };
const faultBody = '{"kind":"decline","times":0}';
const routes = [
  { method: 'GET', path: '/_sandbox/charges' },
  { method: 'GET', path: '/_sandbox/journal' },
  { method: 'DELETE', path: '/_sandbox/journal' },
  { method: 'GET', path: '/_sandbox/faults' },
  { method: 'POST', path: '/_sandbox/faults', body: faultBody },
  { method: 'DELETE', path: '/_sandbox/faults' },
  { method: 'POST', path: '/_sandbox/settle', body: '{"key":"any"}' },
  { method: 'GET', path: '/_sandbox/webhooks' },
  { method: 'POST', path: '/_sandbox/webhooks/resend', body: '{"id":"evt_any"}' },
  { method: 'OPTIONS', path: '/_sandbox/faults' },
];

async function faultKinds(): Promise<unknown> {
  const { text } = await send(`${sandbox.url}/_sandbox/faults`, {});
  const { faults } = JSON.parse(text) as { faults: { kind: string }[] };
  return faults.map(({ kind }) => kind);
}

describe('the control API of the sandbox with an active fault', () => {
  beforeAll(() => sandbox.fault({ kind: 'conflict', times: 0 }));
  afterAll(() => sandbox.clearFaults());
  afterEach(async () => expect(await faultKinds()).toEqual(['conflict']));

  it.each(routes)('rejects $method $path from a web page of any origin', async (route) => {
    for (const origin of ['http://evil.example', 'null', sandbox.url]) {
      const answer = await send(`${sandbox.url}${route.path}`, { ...route, headers: { ...json, origin } });
      expect([answer.status, answer.text]).toEqual([403, expect.stringContaining('without Origin')]);
    }
  });

  it.each(routes)('rejects $method $path with a host name that may have been rebound', async (route) => {
    const headers = { ...json, host: 'rebound.example' };
    const { status, text } = await send(`${sandbox.url}${route.path}`, { ...route, headers });
    expect([status, text]).toEqual([403, expect.stringContaining('use an IP address, localhost')]);
  });

  // A page of any origin can send the first three without a CORS preflight.
  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    '',
  ])('rejects a fault with the content type %p', async (type) => {
    const answer = await send(`${sandbox.url}/_sandbox/faults`, {
      method: 'POST',
      headers: type === '' ? {} : { 'content-type': type },
      body: faultBody,
    });
    expect([answer.status, answer.text]).toEqual([
      415,
      expect.stringContaining('Content-Type: application/json'),
    ]);
  });

  it('rejects a fault that is larger than one megabyte', async () => {
    const body = JSON.stringify({ kind: 'decline', matching: { paymentId: 'x'.repeat(1_000_000) } });
    const answer = await send(`${sandbox.url}/_sandbox/faults`, { method: 'POST', headers: json, body });
    expect([answer.status, answer.text]).toEqual([413, expect.stringContaining('1000000 bytes')]);
  });

  it.each(['kind', 'matching', 'times', 'probability', 'when', 'nonsense', '__proto__'])(
    'rejects a fault whose %s is nested 100,000 levels deep',
    async (field) => {
      const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
      const body = `{"kind":"delay","delayMs":1,${JSON.stringify(field)}:${deep}}`;
      const answer = await send(`${sandbox.url}/_sandbox/faults`, { method: 'POST', headers: json, body });
      expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(field)]);
    },
  );
});

describe('the control API of the sandbox', () => {
  it.each(['application/json', 'Application/JSON; charset=utf-8', 'application/json;charset=utf-8'])(
    'accepts a fault with the content type %s',
    async (type) => {
      const headers = { 'content-type': type };
      const answer = await send(`${sandbox.url}/_sandbox/faults`, {
        method: 'POST',
        headers,
        body: faultBody,
      });
      await sandbox.clearFaults();
      expect(answer.status).toBe(201);
    },
  );

  it.each(['localhost', 'sandbox:12111', 'host.docker.internal', '[::1]:12111'])(
    'answers requests with the host name %s',
    async (host) => {
      expect((await send(`${sandbox.url}/_sandbox/charges`, { headers: { host } })).status).toBe(200);
    },
  );
});
