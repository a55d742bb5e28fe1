import { EventStream } from '../support/event-stream';
import { GatewayClient, newGatewayKey } from '../support/gateway-client';
import { aPayment } from '../support/payments';
import { SlowRequests } from '../support/slow-requests';
import { useWorld } from '../support/world';

const headers = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: ';
const body = (path: string) =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n`;

/** Longer than the time in which a request must be received. */
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

  it('do not prevent answers to normal requests', async () => {
    expect(await world.service.get('/health/live')).toMatchObject({ status: 200 });
    expect(await world.sandbox.charges()).toEqual([]);
    expect(slow.openCount).toBe(360);
  });

  it('are closed during the headers and the body, by the service and by the sandbox', async () => {
    await slow.allClosed();
    expect(await world.service.get('/health/live')).toMatchObject({ status: 200 });
  });

  it('do not close the connection of a slow answer or an event stream', async () => {
    expect((await slowAnswer).status).toBe('succeeded');
    // The heartbeats sent in the meantime have already been received.
    const payment = aPayment();
    await world.service.postPayment(payment);
    await events.until('report', (data) => JSON.stringify(data).includes(payment.idempotencyKey));
    await world.service.completedPayment(payment.idempotencyKey);
  });

  it('are not logged as errors', () => {
    expect(world.service.logged({ level: 'error' })).toEqual([]);
  });
});
