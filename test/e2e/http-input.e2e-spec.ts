import { parseJsonObject } from '../support/json';
import { aPayment, withoutKey } from '../support/payments';
import { send } from '../support/raw-http';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';

const good = JSON.stringify(withoutKey(aPayment()));
const json = { 'content-type': 'application/json' };

/** A valid body with one more field. */
const withField = (name: string, value: string) => good.replace('{', `{${JSON.stringify(name)}:${value},`);
const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const fields = (count: number) =>
  `{${Array.from({ length: count }, (_, index) => `"field${index}":1`).join(',')}}`;

describe('invalid or hostile HTTP input', () => {
  const world = useWorld();

  async function post(path: string, body: string, headers: Record<string, string> = json) {
    const { status, text } = await send(`${world.service.url}${path}`, { method: 'POST', headers, body });
    return { status, body: parseJsonObject(text), text };
  }
  /** The shape of NestJS’s error answers, which all rejections have. */
  const rejection = (statusCode: number, message: unknown) => ({
    status: statusCode,
    body: { statusCode, error: expect.any(String), message },
  });

  it.each(['constructor', 'toString', 'valueOf', 'hasOwnProperty', '__proto__', 'prototype'])(
    'is rejected with 400 for a field called %s, which is named',
    async (name) => {
      for (const path of ['/payments', '/payments?copies=2', '/dead-letters/replay']) {
        const body = path.startsWith('/dead')
          ? `{"all":true,${JSON.stringify(name)}:1}`
          : withField(name, '{}');
        expect(await post(path, body)).toMatchObject({
          status: 400,
          body: { errors: [{ field: name, problem: `property ${name} should not exist` }] },
        });
      }
    },
  );

  it.each(['constructor', 'toString', '__proto__', 'nonsense'])(
    'is rejected with 400 for %s in the query, which is named',
    async (name) => {
      const answers = [
        await post(`/payments?${name}=1`, good),
        await world.service.get(`/dead-letters?limit=1&${name}=1`),
      ];
      const refused = { status: 400, body: { errors: [{ field: name }] } };
      expect(answers).toMatchObject([refused, refused]);
    },
  );

  it.each([16, 5_000, 40_000])('is rejected with 400 for a field nested %d levels deep', async (levels) => {
    const body = withField('paymentMethodId', nested(levels));
    const problem = 'paymentMethodId must not be nested deeper than 16 levels';
    const keyed = { ...json, 'idempotency-key': `deep-${levels}` };
    const refused = { status: 400, body: { errors: [{ field: 'paymentMethodId', problem }] } };
    expect(await post('/payments', body)).toMatchObject(refused);
    // The guard against repeated requests reads the body, too, before all other code.
    expect(await post('/payments', body, keyed)).toMatchObject(refused);
    expect(await post('/dead-letters/replay', body)).toMatchObject(refused);
    expect(await post('/nothing', body)).toMatchObject(refused);
  });

  it('is rejected with 400 and one sentence for thousands of unknown fields', async () => {
    const { status, text } = await post('/payments', fields(6_000));
    expect([status, text.length < 300]).toEqual([400, true]);
    expect(text).toContain('the body has 6000 fields, 64 are allowed');
    const query = Array.from({ length: 900 }, (_, index) => `f${index}=1`).join('&');
    expect(await post(`/payments?${query}`, good)).toMatchObject({
      status: 400,
      body: { errors: [{ field: '[query]' }] },
    });
  });

  it('is rejected with 400 for a field name of 10,000 characters, which is not repeated', async () => {
    const { status, text } = await post('/payments', withField('x'.repeat(10_000), '1'));
    expect([status, text.length < 300]).toEqual([400, true]);
  });

  it('is rejected with 400 for a query parameter that is given twice', async () => {
    expect(await post('/payments?copies=1&copies=2', good)).toMatchObject({
      status: 400,
      body: { errors: expect.arrayContaining([expect.objectContaining({ field: 'copies' })]) },
    });
  });

  it.each([
    { what: 'an array', body: `[${good}]` },
    { what: 'a text', body: '"PAY-001"' },
    { what: 'a number', body: '7' },
    { what: 'null', body: 'null' },
    { what: 'half of a body', body: good.slice(0, 20) },
    { what: 'a body with something after it', body: `${good}}` },
  ])('is rejected with 400 for $what, which is not quoted', async ({ body }) => {
    const answer = await post('/payments', body);
    expect(answer).toMatchObject({ status: 400, body: { statusCode: 400, error: 'Bad Request' } });
    expect([answer.body?.message].flat()).toEqual(['the body must be a JSON object']);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', ''])(
    'is rejected with 415 for the content type %p',
    async (type) => {
      const headers: Record<string, string> = type === '' ? {} : { 'content-type': type };
      for (const path of ['/payments', '/dead-letters/replay']) {
        expect(await post(path, '{"all":true}', headers)).toMatchObject(
          rejection(415, expect.stringContaining('Content-Type: application/json')),
        );
      }
    },
  );

  it('is rejected with 415 for an unknown character set or encoding', async () => {
    const charset = { 'content-type': 'application/json; charset=latin1' };
    expect(await post('/payments', good, charset)).toMatchObject(
      rejection(415, expect.stringContaining('charset')),
    );
    const encoding = { ...json, 'content-encoding': 'nonsense' };
    expect(await post('/payments', good, encoding)).toMatchObject(
      rejection(415, expect.stringContaining('encoding')),
    );
  });

  it('is rejected with 413 when it is larger than 100 kB', async () => {
    const body = withField('customerId', JSON.stringify('x'.repeat(110_000)));
    expect(await post('/payments', body)).toMatchObject(rejection(413, 'the body is larger than 100 kB'));
  });

  it('is rejected with 400 for missing fields when there is no body', async () => {
    const answer = await send(`${world.service.url}/payments`, { method: 'POST' });
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('paymentId must be')]);
  });

  it('has published and replayed nothing, and logged no error', async () => {
    const payment = aPayment();
    await world.service.postPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.charges()).toHaveLength(1);
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
    expect(world.service.logged({ level: 'error' })).toEqual([]);
  });
});

describe('unreadable input while RabbitMQ is down', () => {
  const world = useWorld({ services: 0, own: { rabbitmq: true } });

  it('is rejected in the same shape, without a stack trace', async () => {
    await world.rabbitmqServer.kill();
    const service = await world.startService({ waitFor: 'live' });
    const sent = { method: 'POST', headers: json, body: '{"paymentId": ' };
    const { status, text } = await send(`${service.url}/payments`, sent);
    expect([status, parseJsonObject(text)]).toEqual([
      400,
      { statusCode: 400, error: 'Bad Request', message: 'the body must be a JSON object' },
    ]);
    await world.rabbitmqServer.restart();
    await service.untilHealthy('ready', 60_000);
  }, 120_000);
});
