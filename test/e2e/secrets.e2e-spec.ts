import { randomUUID } from 'node:crypto';
import { DeadLettersCommand } from '../support/dead-letters-command';
import { eventually } from '../support/eventually';
import { given } from '../support/isolation';
import { Management } from '../support/management';
import { aPayment, gatewayKey } from '../support/payments';
import type { Payment } from '../support/payments';
import { dumpOf } from '../support/redis-dump';
import type { Answer, Service } from '../support/service';
import { useWorld } from '../support/world';

/** Unique values, so that a leak can be leakedIn in any output. */
const canaries = {
  card: '4000056655665556',
  cardInGroups: '4000 0566 5566 5556',
  verificationNumber: 'cvv-canary-739',
  email: 'jane.canary@example.com',
  apiKey: 'sk_test_canary51HqPq',
  wrongApiKey: 'a-canary-that-is-no-key',
  brokerPassword: 'broker-canary-pw',
  wrongBrokerPassword: 'wrong-broker-canary-pw',
  redisPassword: 'redis-canary-pw',
  wrongRedisPassword: 'wrong-redis-canary-pw',
};
const { card, cardInGroups, verificationNumber, email } = canaries;

function leakedIn(text: string): string[] {
  return Object.entries(canaries).flatMap(([name, value]) => (text.includes(value) ? [name] : []));
}

/** The lines of a text that contain a canary, to show how it got there. */
function leakingLines(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => leakedIn(line).length > 0)
    .map((line) => `${leakedIn(line).join()}: ${line.slice(0, 600)}`);
}

describe('secrets and personal data, on every path', () => {
  const world = useWorld({
    services: 0,
    own: { redis: true },
    env: { PAYMENT_MAX_ATTEMPTS: '2', STRIPE_API_KEY: canaries.apiKey },
  });
  const command = new DeadLettersCommand(
    () => world.broker,
    () => world.redis,
  );
  const user = `canary-${randomUUID()}`;
  const answers: Answer[] = [];
  const services: Service[] = [];
  let management: Management;

  const brokerUrl = (password: string): string => {
    const url = new URL(world.broker.url);
    url.username = user;
    url.password = password;
    return url.href;
  };
  const redisUrl = (password: string): string => {
    const url = new URL(world.redis.url);
    url.username = 'canary';
    url.password = password;
    return url.href;
  };

  async function start(env: Record<string, string>, waitFor: 'ready' | 'none' = 'ready'): Promise<Service> {
    const service = await world.startService({ env, waitFor });
    services.push(service);
    return service;
  }

  beforeAll(async () => {
    management = new Management(given('RABBITMQ_MANAGEMENT_URL'));
    const vhost = decodeURIComponent(new URL(world.broker.url).pathname.slice(1));
    const permissions = { configure: '.*', write: '.*', read: '.*' };
    await management.createUser(user, { password: canaries.brokerPassword, vhost, permissions });
    await world.redis.client.call(
      'ACL',
      'SETUSER',
      'canary',
      'on',
      `>${canaries.redisPassword}`,
      '~*',
      '+@all',
    );
    await start({
      RABBITMQ_URL: brokerUrl(canaries.brokerPassword),
      REDIS_URL: redisUrl(canaries.redisPassword),
    });
  });
  afterAll(() => management.deleteUser(user));

  async function deadLettered(publish: () => Promise<void>): Promise<void> {
    const before = (await world.broker.deadLetters()).length;
    await publish();
    await world.broker.waitForDeadLetters(before + 1);
  }

  const recordAnswer = async (answer: Promise<Answer>): Promise<number> => answers.push(await answer);

  it('are sent in messages of every kind', async () => {
    const strange = { ...aPayment(), card, cvc: verificationNumber, amount: email };
    const hostile: [string, Record<string, unknown>][] = [
      [JSON.stringify(strange), { 'idempotency-key': strange.idempotencyKey }],
      [JSON.stringify({ ...aPayment(), customerId: card }), {}],
      [JSON.stringify({ ...aPayment(), customerId: cardInGroups, [email]: verificationNumber }), {}],
      [JSON.stringify({ ...aPayment(), currency: email, receiptEmail: verificationNumber }), {}],
      [`no JSON: ${card} ${verificationNumber} ${email}`, { 'idempotency-key': 'key-1' }],
      [JSON.stringify(aPayment()), { 'idempotency-key': `${cardInGroups} ${email}` }],
      [JSON.stringify(aPayment()), { 'idempotency-key': `${verificationNumber}\r\n{"level":"error"}` }],
      [JSON.stringify(aPayment()), { 'idempotency-key': { [email]: card } }],
    ];
    for (const [body, headers] of hostile) {
      await deadLettered(() => world.broker.publish(body, { headers }));
    }
    const good = aPayment({ receiptEmail: email, paymentId: `PAY-${randomUUID()}` });
    const declined = aPayment({ receiptEmail: email, paymentMethodId: 'pm_card_visa_chargeDeclined' });
    for (const payment of [good, declined]) {
      await world.broker.publishPayment(payment, { copies: 2 });
      await world.service.completedPayment(payment.idempotencyKey);
    }
    const changed = { ...good, amount: 1 };
    await deadLettered(() => world.broker.publishPayment(changed));
    expect(await world.broker.deadLetters()).toHaveLength(hostile.length + 1);
  });

  it('are sent to a gateway that rejects, fails and quotes its input', async () => {
    await deadLettered(() => world.broker.publishPayment(aPayment({ paymentMethodId: verificationNumber })));
    await deadLettered(() => world.broker.publishPayment(aPayment({ paymentMethodId: `pm_${email}` })));
    const failing: Payment[] = [aPayment({ receiptEmail: email }), aPayment({ receiptEmail: email })];
    for (const [index, payment] of failing.entries()) {
      const matching = { idempotencyKey: gatewayKey(payment) };
      const kind = index === 0 ? 'error-500-unstored' : 'drop-before';
      await world.sandbox.fault({ kind, times: 0, matching });
      await deadLettered(() => world.broker.publishPayment(payment));
    }
    await world.sandbox.clearFaults();
    const refused = aPayment({ receiptEmail: email });
    await world.sandbox.fault({ kind: 'unauthorized', times: 1 });
    await world.broker.publishPayment(refused);
    await world.service.completedPayment(refused.idempotencyKey);
    expect(await command.run('replay', '--all')).toMatchObject({ code: 0 });
    await eventually(async () => expect(await world.broker.isDrained()).toBe(true));
  });

  it('are sent to the HTTP endpoints', async () => {
    const { service } = world;
    const { idempotencyKey, ...body } = aPayment();
    await recordAnswer(service.post('/payments', { ...body, customerId: card, note: verificationNumber }));
    await recordAnswer(
      service.post('/payments', { ...body, receiptEmail: verificationNumber, amount: email }),
    );
    await recordAnswer(service.post('/payments', { ...body, [email]: card }));
    await recordAnswer(service.post('/payments', `${verificationNumber} ${email} ${card}`));
    await recordAnswer(service.post('/payments', `{"customerId":"${verificationNumber}" ${card}`));
    await recordAnswer(service.post('/payments', body, { 'idempotency-key': `${cardInGroups} ${email}` }));
    await recordAnswer(
      service.post('/payments?copies=many', body, { authorization: `Bearer ${verificationNumber}` }),
    );
    await recordAnswer(service.post('/payments', { ...body, amount: 1.234 }, { cookie: `session=${email}` }));
    await recordAnswer(service.post('/dead-letters/replay', { id: card, all: verificationNumber }));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 400));
    expect(idempotencyKey).toBeDefined();
  });

  it('are in the environment of starts that fail', async () => {
    const { code } = await (
      await start({ PORT: 'http', REDIS_URL: `http://${canaries.wrongRedisPassword}` }, 'none')
    ).exited;
    expect(code).toBe(1);
    const wrongKey = await start({ STRIPE_API_KEY: canaries.wrongApiKey });
    const wrongRedis = await start({ REDIS_URL: redisUrl(canaries.wrongRedisPassword) }, 'none');
    const wrongBroker = await start({ RABBITMQ_URL: brokerUrl(canaries.wrongBrokerPassword) }, 'none');
    await eventually(() => expect(wrongRedis.output).toContain('WRONGPASS'));
    await eventually(() => expect(wrongBroker.output).toContain('ACCESS'));
    for (const service of [wrongKey, wrongRedis, wrongBroker])
      answers.push(await service.get('/health/ready'));
  });

  it('do not appear in a log line', () => {
    expect(services.flatMap(({ output }) => leakingLines(output))).toEqual([]);
  });

  it('do not appear in Redis', async () => {
    expect(leakingLines(await dumpOf(world.redis.client))).toEqual([]);
  });

  it('do not appear in the headers that the service adds to a dead letter', async () => {
    const letters = await world.broker.deadLetters();
    const written = letters.map(({ headers }) =>
      JSON.stringify(Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-')))),
    );
    expect(letters.length).toBeGreaterThan(10);
    expect(leakingLines(written.join('\n'))).toEqual([]);
  });

  it('do not appear in an answer to a rejected request, or in a metric', async () => {
    const metrics = await world.service.get('/metrics');
    const ready = await world.service.get('/health/ready');
    const bodies = [...answers, metrics, ready].map(({ body }) => JSON.stringify(body));
    expect(leakingLines(bodies.join('\n'))).toEqual([]);
  });
});

describe('a log line', () => {
  const world = useWorld({ services: 1 });
  const forged = '"}\r\n{"level":"error","msg":"forged"}\u2028\u001b[2J';

  it('cannot be forged by the content of a message', async () => {
    const payment = aPayment();
    const properties = {
      messageId: forged,
      correlationId: forged.slice(0, 40),
      appId: 'x\ny',
      type: 'a\r\nb',
    };
    await world.broker.publishPayment({ ...payment, paymentId: forged }, { properties });
    await world.broker.publish('no JSON', {
      headers: { 'idempotency-key': forged, [forged]: forged },
      properties,
    });
    await world.broker.waitForDeadLetters(2);
    await world.service.get(`/payments/${encodeURIComponent(forged)}`);
    await world.service.post(`/payments?copies=${encodeURIComponent(forged)}`, {}, { 'x-request-id': 'a b' });
    // A line that is not JSON was not written by one call of the logger.
    const lines = world.service.output.split('\n');
    expect(lines.filter((line) => !line.startsWith('{"level":"') || !line.endsWith('}'))).toEqual([]);
    expect(world.service.logged({ msg: 'forged' })).toEqual([]);
    expect(world.service.output).not.toContain('\u001b');
  });
});
