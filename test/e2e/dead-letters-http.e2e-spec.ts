import { isJsonObject } from '../support/json';
import { aPayment, gatewayKey } from '../support/payments';
import type { Payment } from '../support/payments';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';

describe('dead letters over HTTP', () => {
  const world = useWorld({ env: { PAYMENT_MAX_ATTEMPTS: '1' } });

  async function aDeadLetter(): Promise<Payment> {
    const payment = aPayment();
    const before = await world.broker.depth(deadLetterQueue);
    await world.sandbox.fault({
      kind: 'error-500-unstored',
      matching: { idempotencyKey: gatewayKey(payment) },
    });
    await world.broker.publishPayment(payment);
    await world.broker.waitForDeadLetters(before + 1);
    return payment;
  }

  async function idOf({ idempotencyKey }: Payment): Promise<string> {
    const { body } = await world.service.get('/dead-letters');
    const letters = isJsonObject(body) && Array.isArray(body.deadLetters) ? body.deadLetters : [];
    return String(
      letters.filter(isJsonObject).find((letter) => letter.idempotencyKey === idempotencyKey)?.id,
    );
  }

  async function drop(id: string): Promise<Response> {
    return fetch(`${world.service.url}/dead-letters/${id}`, { method: 'DELETE' });
  }

  it('can be listed, shown and dropped one by one', async () => {
    const [first, second] = [await aDeadLetter(), await aDeadLetter()];
    const id = await idOf(second);
    expect(await world.service.get('/dead-letters?limit=1')).toMatchObject({
      status: 200,
      body: {
        total: 2,
        deadLetters: [{ idempotencyKey: first.idempotencyKey, reason: 'retries-exhausted' }],
      },
    });
    expect(await world.service.get(`/dead-letters/${id}`)).toMatchObject({
      status: 200,
      body: { id, body: JSON.stringify(second), headers: { 'x-attempts': 1 } },
    });
    expect((await drop(id)).status).toBe(200);
    expect(await world.service.get('/dead-letters')).toMatchObject({
      body: { total: 1, deadLetters: [{ idempotencyKey: first.idempotencyKey }] },
    });
    await drop(await idOf(first));
  });

  it('can be replayed one by one', async () => {
    const [replayed, left] = [await aDeadLetter(), await aDeadLetter()];
    const answer = await world.service.post('/dead-letters/replay', { id: await idOf(replayed) });
    expect(answer).toEqual({ status: 200, body: { replayed: 1 } });
    await world.service.completedPayment(replayed.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(replayed))).toHaveLength(1);
    expect(await world.service.get('/dead-letters')).toMatchObject({
      body: { total: 1, deadLetters: [{ idempotencyKey: left.idempotencyKey }] },
    });
    await drop(await idOf(left));
  });

  it('can be replayed all at once', async () => {
    const payments = [await aDeadLetter(), await aDeadLetter(), await aDeadLetter()];
    const answer = await world.service.post('/dead-letters/replay', { all: true });
    expect(answer).toEqual({ status: 200, body: { replayed: 3 } });
    for (const payment of payments) {
      await world.service.completedPayment(payment.idempotencyKey);
      expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
    }
  });

  it.each([
    {},
    { all: false },
    { all: 'true' },
    { id: 7 },
    { id: null },
    { id: 'c0ffee', all: true },
    { all: true, force: 'yes' },
    { all: true, more: 1 },
  ])('a replay with the body %j answers 400', async (body) => {
    expect(await world.service.post('/dead-letters/replay', body)).toMatchObject({
      status: 400,
      body: { errors: expect.any(Array) },
    });
  });

  it.each(['0', '-1', '1.5', '1001', 'many'])('a list with limit=%s answers 400', async (limit) => {
    expect(await world.service.get(`/dead-letters?limit=${limit}`)).toMatchObject({
      status: 400,
      body: { errors: expect.arrayContaining([expect.objectContaining({ field: 'limit' })]) },
    });
  });

  it('an unknown id answers 404', async () => {
    expect(await world.service.get('/dead-letters/c0ffee')).toMatchObject({ status: 404 });
    expect((await drop('c0ffee')).status).toBe(404);
    expect(await world.service.post('/dead-letters/replay', { id: 'c0ffee' })).toMatchObject({
      status: 404,
      body: { message: expect.stringContaining('c0ffee') },
    });
  });
});

describe('dead letters over HTTP in production', () => {
  const world = useWorld({
    services: 0,
    env: { NODE_ENV: 'production', ALLOW_INSECURE_URLS: 'true' },
  });

  it('have no endpoints: 404', async () => {
    const service = await world.startService();
    expect(await service.get('/dead-letters')).toMatchObject({ status: 404 });
    expect(await service.get('/dead-letters/c0ffee')).toMatchObject({
      status: 404,
      body: { message: expect.stringContaining('Cannot GET') },
    });
    expect(await service.post('/dead-letters/replay', { all: true })).toMatchObject({ status: 404 });
  });

  it('have endpoints with DEV_ENDPOINTS=true', async () => {
    const service = await world.startService({ env: { DEV_ENDPOINTS: 'true' } });
    expect(await service.get('/dead-letters')).toEqual({ status: 200, body: { total: 0, deadLetters: [] } });
  });
});
