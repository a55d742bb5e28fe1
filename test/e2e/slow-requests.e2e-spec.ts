import { EventStream } from '../support/event-stream';
import { GatewayClient, newGatewayKey } from '../support/gateway-client';
import { aPayment } from '../support/payments';
import { SlowRequests } from '../support/slow-requests';
import { useWorld } from '../support/world';

const headers = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: ';
const body = (path: string) =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n`;

/** Longer than any request may take to come in. */
const SLOW_ANSWER_MS = 17_000;

describe('requests that are sent byte by byte', () => {
  const world = useWorld();
  const slow = new SlowRequests();
  let events: EventStream;
  let slowAnswer: Promise<{ status: string }>;

  beforeAll(async () => {
    const { service, sandbox } = world;
    events = await EventStream.open(`${service.url}/console/events`);
    await events.next('snapshot');
    const key = newGatewayKey();
    await sandbox.fault({ kind: 'delay', delayMs: SLOW_ANSWER_MS, matching: { idempotencyKey: key } });
    slowAnswer = new GatewayClient(sandbox).charge(key);
    await slow.open(service.url, { count: 300, beginning: headers });
    await slow.open(service.url, { count: 20, beginning: body('/payments') });
    await slow.open(sandbox.url, { count: 20, beginning: headers });
    await slow.open(sandbox.url, { count: 20, beginning: body('/_sandbox/faults') });
  });
  afterAll(async () => {
    slow.end();
    await events.close();
  });

  it('do not keep honest ones from their answers', async () => {
    expect(await world.service.get('/health/live')).toMatchObject({ status: 200 });
    expect(await world.sandbox.charges()).toEqual([]);
    expect(slow.openCount).toBe(360);
  });

  it('are cut off, in the headers and in the body, by the service and by the sandbox', async () => {
    await slow.allClosed();
    expect(await world.service.get('/health/live')).toMatchObject({ status: 200 });
  });

  it('cost no slow answer and no stream of events its connection', async () => {
    expect((await slowAnswer).status).toBe('succeeded');
    // The heartbeats of the meantime have been received long ago.
    const payment = aPayment();
    await world.service.postPayment(payment);
    await events.until('report', (data) => JSON.stringify(data).includes(payment.idempotencyKey));
    await world.service.completedPayment(payment.idempotencyKey);
  });

  it('are nothing to be logged as an error', () => {
    expect(world.service.logged({ level: 'error' })).toEqual([]);
  });
});
