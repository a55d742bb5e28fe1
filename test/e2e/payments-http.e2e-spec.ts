import { randomUUID } from 'node:crypto';
import type { DeliveryTrace } from '../support/delivery-trace';
import { eventually } from '../support/eventually';
import { aPayment, gatewayKey, withoutKey } from '../support/payments';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';

const uuidV4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const isoInstant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

/** A body without the key, which is sent in the header. */
function aBody(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...withoutKey(aPayment()), ...overrides };
}

describe('POST /payments', () => {
  const world = useWorld();

  it('answers 202 with the payment, its key and the number of copies', async () => {
    const payment = aPayment();
    expect(await world.service.postPayment(payment, { copies: 2 })).toEqual({
      status: 202,
      body: { paymentId: payment.paymentId, idempotencyKey: payment.idempotencyKey, copies: 2 },
    });
  });

  it('sends one copy by default', async () => {
    const { body } = await world.service.postPayment(aPayment());
    expect(body).toMatchObject({ copies: 1 });
  });

  it('creates a new UUID v4 key for each request without a key header', async () => {
    const [first, second] = [
      await world.service.post('/payments', aBody()),
      await world.service.post('/payments', aBody()),
    ];
    const key = { idempotencyKey: expect.stringMatching(uuidV4) };
    expect([first.body, second.body]).toMatchObject([key, key]);
    expect(first.body).not.toEqual(second.body);
  });

  it('charges three copies once', async () => {
    const trace = await world.broker.traceDeliveries();
    const payment = aPayment();
    await world.service.postPayment(payment, { copies: 3 });
    await eventually(() => trace.final(payment.idempotencyKey) === 3);
    await world.service.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('publishes the key in the header exactly as it was given', async () => {
    const trace = await world.broker.traceDeliveries();
    const payment = aPayment({ idempotencyKey: 'Key/with:all{kinds}=of~signs!' });
    await world.service.postPayment(payment);
    await eventually(() => trace.deliveries(payment.idempotencyKey).length === 1);
    expect((await world.service.completedPayment(payment.idempotencyKey)).body).toMatchObject({
      idempotencyKey: payment.idempotencyKey,
    });
  });
});

describe('GET /payments/:idempotencyKey', () => {
  const world = useWorld();

  it('shows a completed payment with its result', async () => {
    const payment = aPayment();
    await world.service.postPayment(payment);
    expect((await world.service.completedPayment(payment.idempotencyKey)).body).toEqual({
      idempotencyKey: payment.idempotencyKey,
      state: 'completed',
      attempts: 1,
      processedAt: expect.stringMatching(isoInstant),
      result: expect.objectContaining({ status: 'succeeded' }),
    });
  });

  it('shows a payment in progress while the gateway has not answered', async () => {
    const payment = aPayment();
    await world.slowDown(payment, { ms: 2000 });
    await world.service.postPayment(payment);
    await eventually(async () => {
      expect(await world.service.payment(payment.idempotencyKey)).toEqual({
        status: 200,
        body: { idempotencyKey: payment.idempotencyKey, state: 'in_progress', attempts: 1 },
      });
    });
    await world.service.completedPayment(payment.idempotencyKey);
  });

  it('answers 404 for an unknown key', async () => {
    expect(await world.service.payment(randomUUID())).toMatchObject({ status: 404 });
  });
});

describe('POST /payments with a bad request', () => {
  const world = useWorld();
  let trace: DeliveryTrace;

  beforeAll(async () => {
    trace = await world.broker.traceDeliveries();
  });

  it.each([
    { wrong: 'no payment id', body: aBody({ paymentId: undefined }), field: 'paymentId' },
    { wrong: 'an empty payment id', body: aBody({ paymentId: '' }), field: 'paymentId' },
    { wrong: 'a payment id that is a number', body: aBody({ paymentId: 7 }), field: 'paymentId' },
    { wrong: 'no customer', body: aBody({ customerId: undefined }), field: 'customerId' },
    {
      wrong: 'a customer that is an object',
      body: aBody({ customerId: { id: 'CUST-001' } }),
      field: 'customerId',
    },
    { wrong: 'no amount', body: aBody({ amount: undefined }), field: 'amount' },
    { wrong: 'an amount that is a string', body: aBody({ amount: '99.99' }), field: 'amount' },
    { wrong: 'an amount of zero', body: aBody({ amount: 0 }), field: 'amount' },
    { wrong: 'a negative amount', body: aBody({ amount: -1 }), field: 'amount' },
    { wrong: 'an amount of null', body: aBody({ amount: null }), field: 'amount' },
    { wrong: 'a fraction of a cent', body: aBody({ amount: 99.999 }), field: 'amount' },
    { wrong: 'half a yen', body: aBody({ amount: 500.5, currency: 'JPY' }), field: 'amount' },
    { wrong: "more than the gateway's maximum", body: aBody({ amount: 1_000_000_000 }), field: 'amount' },
    {
      wrong: 'a third decimal that is not 0',
      body: aBody({ amount: 5.125, currency: 'KWD' }),
      field: 'amount must end in 0 in its third decimal in KWD',
    },
    {
      wrong: 'more than the gateway takes in hundredths',
      body: aBody({ amount: 1_000_000, currency: 'ISK' }),
      field: 'amount must be at most 999999 in ISK',
    },
    {
      wrong: 'more than twelve digits',
      body: aBody({ amount: 10_000_000_000, currency: 'IDR' }),
      field: 'amount must be at most 9999999999.99 in IDR',
    },
    { wrong: 'a currency that does not exist', body: aBody({ currency: 'QQQ' }), field: 'currency' },
    { wrong: 'a currency that was withdrawn', body: aBody({ currency: 'BGN' }), field: 'currency' },
    { wrong: 'a metal', body: aBody({ currency: 'XAU' }), field: 'currency' },
    { wrong: 'a currency that is a number', body: aBody({ currency: 840 }), field: 'currency' },
    { wrong: 'an empty payment method', body: aBody({ paymentMethodId: '' }), field: 'paymentMethodId' },
    { wrong: 'a field that does not exist', body: aBody({ nonsense: 1 }), field: 'nonsense' },
  ])('answers 400 for $wrong and names $field', async ({ body, field }) => {
    const answer = await world.service.post('/payments', body);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toContain(field);
  });

  it('names every wrong field in one answer', async () => {
    const answer = await world.service.post('/payments', { amount: 'much', currency: 'QQQ' });
    const text = JSON.stringify(answer.body);
    expect(
      ['paymentId', 'customerId', 'amount', 'currency'].filter((field) => !text.includes(field)),
    ).toEqual([]);
  });

  it.each([
    { wrong: 'is not JSON', body: '{"paymentId": ' },
    { wrong: 'is an array', body: [aBody()] },
    { wrong: 'is a string', body: '"PAY-001"' },
    { wrong: 'is null', body: 'null' },
  ])('answers 400 when the body $wrong', async ({ body }) => {
    expect(await world.service.post('/payments', body)).toMatchObject({ status: 400 });
  });

  it.each(['0', '-1', '101', '1.5', 'many', ''])('answers 400 for copies=%s and names it', async (copies) => {
    const answer = await world.service.post(`/payments?copies=${copies}`, aBody());
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toContain('copies');
  });

  it.each([
    { wrong: 'of 256 characters', key: 'k'.repeat(256) },
    { wrong: 'with a space inside', key: 'two words' },
    { wrong: 'with a letter outside ASCII', key: 'schlüssel' },
  ])('answers 400 for a key $wrong', async ({ key }) => {
    const answer = await world.service.post('/payments', aBody(), { 'idempotency-key': key });
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body).toLowerCase()).toContain('idempotency-key');
  });

  it('published nothing for these requests', async () => {
    const good = aPayment();
    await world.service.postPayment(good);
    await world.service.completedPayment(good.idempotencyKey);
    expect(trace.deliveries()).toMatchObject([{ key: good.idempotencyKey }]);
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
  });
});
