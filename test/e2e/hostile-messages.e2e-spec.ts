import { isDeepStrictEqual } from 'node:util';
import { AmqpSession } from '../support/amqp-session';
import type { DeadLetter } from '../support/dead-letter';
import { DeadLettersCommand } from '../support/dead-letters-command';
import { eventually } from '../support/eventually';
import { hostileMessages, secretsInHostileMessages } from '../support/hostile-messages';
import { aPayment, gatewayKey, withoutKey } from '../support/payments';
import { redisKeys } from '../support/redis';
import { deadLetterQueue, keyHeader } from '../support/topology';
import { useWorld } from '../support/world';

const caseHeader = 'x-test-case';

describe('hostile messages', () => {
  const world = useWorld();
  let letters = new Map<unknown, DeadLetter>();

  beforeAll(async () => {
    for (const { name, body, headers } of hostileMessages) {
      await world.broker.publish(body, { headers: { ...headers, [caseHeader]: name } });
    }
    const found = await world.broker.waitForDeadLetters(hostileMessages.length);
    letters = new Map(found.map((letter) => [letter.headers[caseHeader], letter]));
  });

  describe.each([
    { what: 'no key', reason: 'missing-idempotency-key' },
    {
      what: 'key too long, wrong type, bad characters, header and body disagree',
      reason: 'invalid-idempotency-key',
    },
    { what: 'not JSON, or not valid under section 3', reason: 'invalid-message' },
  ])('$what: dead letter $reason', ({ reason }) => {
    it.each(hostileMessages.filter((message) => message.reason === reason))('$name', ({ name }) => {
      expect(letters.get(name)).toMatchObject({ reason });
    });
  });

  it('keep their bodies byte for byte', () => {
    const changed = hostileMessages.filter(
      ({ name, body }) => !letters.get(name)?.body.equals(Buffer.from(body)),
    );
    expect(changed.map(({ name }) => name)).toEqual([]);
  });

  it('keep the key that they had, whatever its type', () => {
    const changed = hostileMessages.filter(
      ({ name, headers }) => !isDeepStrictEqual(ownKey(letters.get(name)?.headers), ownKey(headers)),
    );
    expect(changed.map(({ name }) => name)).toEqual([]);
  });

  it('have a detail of one line that says what is wrong', () => {
    const details = [...letters.values()].map(({ detail }) => detail);
    expect(
      details.filter((detail) => typeof detail !== 'string' || !/^[^\r\n]{5,500}$/.test(detail)),
    ).toEqual([]);
  });

  it('show no card number in a detail or a log line', () => {
    const written = [...[...letters.values()].map(({ detail }) => String(detail)), world.service.output].join(
      '\n',
    );
    expect(secretsInHostileMessages.filter((secret) => written.includes(secret))).toEqual([]);
  });

  it('are each a dead letter exactly once', async () => {
    const names = (await world.broker.deadLetters()).map(({ headers }) => String(headers[caseHeader]));
    expect(names.sort()).toEqual(hostileMessages.map(({ name }) => name).sort());
  });

  it('are not charged', async () => {
    expect(await world.sandbox.charges()).toEqual([]);
  });

  it('leave nothing in Redis', async () => {
    const everyKey = redisKeys('*');
    const left = await Promise.all(Object.values(everyKey).map((name) => world.redis.client.keys(name)));
    expect(left.flat()).toEqual([]);
  });

  it('do not stop the service: the next good payment is charged', async () => {
    const payment = aPayment();
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });
});

describe('a header table that the AMQP client cannot read', () => {
  const world = useWorld();
  const command = new DeadLettersCommand(() => world.broker);
  // With bytes as the prototype, assigning `length` to the table throws.
  const headers = Object.assign(
    Object.defineProperty({}, '__proto__', { value: Buffer.from('bytes'), enumerable: true }),
    { length: null },
  );

  it('does not stop the consumer or the payment with that table', async () => {
    const payment = aPayment();
    await world.broker.publishPayment(payment, { headers });
    await world.service.completedPayment(payment.idempotencyKey);
    expect(world.service.logged({ level: 'error' })).toEqual([]);
  });

  it('does not stop the commands and endpoints that read dead letters', async () => {
    const session = new AmqpSession(world.broker.url);
    await session.withChannel(async (channel) => {
      channel.sendToQueue(deadLetterQueue, Buffer.from('no JSON'), { headers });
      await eventually(async () => (await world.broker.depth(deadLetterQueue)) === 1);
    });
    await session.close();
    expect(await command.list()).toHaveLength(1);
    expect(await world.service.get('/dead-letters')).toMatchObject({ status: 200, body: { total: 1 } });
  });
});

describe('a message without the key header', () => {
  const world = useWorld();

  it('is charged under the key in its body', async () => {
    const payment = aPayment();
    await world.broker.publishPayment(payment, { key: null });
    await world.service.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });
});

describe('a message with the key in the header only', () => {
  const world = useWorld();

  it.each([
    { kind: 'one character', key: '7' },
    { kind: '255 characters', key: 'k'.repeat(255) },
    {
      kind: 'all visible ASCII characters',
      key: Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join(''),
    },
  ])('is charged under that key: $kind', async ({ key }) => {
    await world.broker.publish(JSON.stringify(withoutKey(aPayment())), {
      headers: { 'idempotency-key': key },
    });
    await world.service.completedPayment(key);
    // Found by the key in the charge's metadata, since a long key is shortened for the gateway's own key.
    expect(await world.sandbox.chargesFor(key)).toHaveLength(1);
  });
});

describe('amounts', () => {
  const world = useWorld();

  it.each([
    { amount: 99.99, currency: undefined, minor: 9999, code: 'usd' },
    { amount: 0.5, currency: 'USD', minor: 50, code: 'usd' },
    { amount: 1.1, currency: 'EUR', minor: 110, code: 'eur' },
    { amount: 4.35, currency: 'USD', minor: 435, code: 'usd' },
    { amount: 1005.01, currency: 'USD', minor: 100501, code: 'usd' },
    { amount: 999999.99, currency: 'USD', minor: 99999999, code: 'usd' },
    { amount: 500, currency: 'JPY', minor: 500, code: 'jpy' },
    // Currencies where the gateway differs from ISO 4217: no decimals, or two decimals that are always zero.
    { amount: 100, currency: 'MGA', minor: 100, code: 'mga' },
    { amount: 100, currency: 'ISK', minor: 10_000, code: 'isk' },
    { amount: 1_500_000, currency: 'IDR', minor: 150_000_000, code: 'idr' },
    { amount: 5.12, currency: 'KWD', minor: 5_120, code: 'kwd' },
    { amount: 10, currency: 'XCG', minor: 1_000, code: 'xcg' },
  ])('$amount $currency is $minor at the gateway', async ({ amount, currency, minor, code }) => {
    const payment = aPayment({ amount, ...(currency && { currency }) });
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toMatchObject([
      { amount: minor, currency: code },
    ]);
  });
});

/** The key header itself; an inherited property does not count. */
function ownKey(headers: object = {}): unknown {
  return Object.getOwnPropertyDescriptor(headers, keyHeader)?.value;
}
