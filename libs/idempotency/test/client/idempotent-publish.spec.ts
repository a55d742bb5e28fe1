import {
  OutcomeUnknownError,
  type IdempotentMessage,
  type IdempotentPublishSettings,
  type PublishOptions,
  type PublishingConnection,
} from '../../src/client';
import { idempotentPublishWith } from '../../src/client/idempotent-publish';
import { ImpatientTiming } from './impatient-timing';

const uuidV4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const order = { exchange: 'shop', routingKey: 'order.paid', message: { order: 7 } };

interface Published {
  readonly exchange: string;
  readonly routingKey: string;
  readonly message: unknown;
  readonly options: PublishOptions & { readonly mandatory?: boolean; readonly timeout?: number };
}

/** A broker that does one step of its script with each message, and confirms all that follow. */
class Broker implements PublishingConnection<PublishOptions> {
  readonly published: Published[] = [];
  configuration: PublishingConnection<PublishOptions>['configuration'];
  private readonly steps: (() => Promise<unknown>)[];

  constructor(...steps: (() => Promise<unknown>)[]) {
    this.steps = steps;
  }

  publish(exchange: string, routingKey: string, message: unknown, options: Published['options'] = {}) {
    this.published.push({ exchange, routingKey, message, options });
    return this.steps.shift()?.() ?? Promise.resolve(true);
  }
}

const nack = () => Promise.reject(new Error('nacked'));
const silent = () => new Promise(() => undefined);
const publish = (
  broker: Broker,
  message: Partial<IdempotentMessage<PublishOptions & { mandatory?: boolean }>> = {},
  settings: IdempotentPublishSettings = {},
) => idempotentPublishWith(new ImpatientTiming(), broker, settings)({ ...order, ...message });
const keys = ({ published }: Broker): unknown[] =>
  published.map(({ options }) => (options.headers as Record<string, unknown>)['idempotency-key']);

describe('a message', () => {
  it('is published with one new UUID v4, persistent and with a timestamp in seconds', async () => {
    const broker = new Broker();
    const before = Math.floor(Date.now() / 1000);
    const { idempotencyKey } = await publish(broker);
    expect(idempotencyKey).toMatch(uuidV4);
    expect(broker.published).toMatchObject([
      { ...order, options: { persistent: true, headers: { 'idempotency-key': idempotencyKey } } },
    ]);
    const timestamp = broker.published[0]?.options.timestamp ?? 0;
    expect(timestamp).toBeGreaterThanOrEqual(before);
    expect(timestamp).toBeLessThanOrEqual(Date.now() / 1000);
  });

  it.each([
    ['the option', { idempotencyKey: 'order-7' }],
    ['a header', { options: { headers: { 'idempotency-key': 'order-7' } } }],
  ])('has the key of the caller, from %s', async (_, message) => {
    const broker = new Broker(nack);
    expect(await publish(broker, message)).toEqual({ idempotencyKey: 'order-7' });
    expect(keys(broker)).toEqual(['order-7', 'order-7']);
  });

  it.each([
    [{ idempotencyKey: 'two words' }, '1 to 255 visible ASCII characters'],
    [{ options: { headers: { 'idempotency-key': 7 } } }, '1 to 255 visible ASCII characters'],
    [{ idempotencyKey: 'a', options: { headers: { 'idempotency-key': 'b' } } }, 'different keys'],
  ])('is refused with a wrong key: %j', async (message, text) => {
    const broker = new Broker();
    await expect(publish(broker, message)).rejects.toThrow(text);
    expect(broker.published).toEqual([]);
  });

  it('keeps the properties and headers of the caller and the default headers of the connection', async () => {
    const broker = new Broker();
    broker.configuration = { defaultPublishOptions: { headers: { shop: 1, lane: 1 } } };
    await publish(broker, { options: { mandatory: true, timestamp: 5, headers: { lane: 2 } } });
    expect(broker.published).toMatchObject([
      { options: { mandatory: true, timestamp: 5, headers: { shop: 1, lane: 2 } } },
    ]);
  });
});

describe('a message that the broker does not confirm', () => {
  it('is published again, the same', async () => {
    const broker = new Broker(nack, silent, nack);
    const { idempotencyKey } = await publish(broker, {}, { attemptTimeoutMs: 20 });
    const [first, ...others] = broker.published;
    expect(others).toEqual([first, first, first]);
    expect(keys(broker)).toEqual(Array(4).fill(idempotencyKey));
  });

  it('is forgotten by the client of the connection when its attempt ends', async () => {
    const broker = new Broker(nack);
    await publish(broker, {}, { attemptTimeoutMs: 3_000, maxTotalMs: 3_000 });
    expect(broker.published.map(({ options }) => options.timeout)).toEqual([3_000, 3_000]);
  });

  it('is published again as it was at the call, whatever the caller changes then', async () => {
    const message = { order: 7 };
    const changing = () => nack().finally(() => (message.order = 8));
    const broker = new Broker(changing);
    broker.configuration = { serializer: (value) => Buffer.from(JSON.stringify(value)) };
    await publish(broker, { message });
    expect(broker.published.map((published) => String(published.message))).toEqual(
      Array(2).fill('{"order":7}'),
    );
  });

  it('in all attempts is an error with the key and the cause', async () => {
    const broker = new Broker(...Array.from({ length: 9 }, () => nack));
    const error: unknown = await publish(broker, {}, { maxAttempts: 3 }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(OutcomeUnknownError);
    expect(error).toMatchObject({
      attempts: 3,
      cause: { message: 'nacked' },
      idempotencyKey: keys(broker)[0],
    });
    expect(broker.published).toHaveLength(3);
  });

  it('when the caller aborts is an error at once, with the key', async () => {
    const caller = new AbortController();
    const broker = new Broker(() => {
      caller.abort();
      return silent();
    });
    const error: unknown = await publish(broker, { signal: caller.signal }).catch(
      (caught: unknown) => caught,
    );
    expect(error).toMatchObject({ name: 'AbortError', attempts: 1, idempotencyKey: keys(broker)[0] });
  });
});

describe('a message that cannot be published', () => {
  it('is an error of the serializer, thrown as it is', async () => {
    const broker = new Broker();
    broker.configuration = { serializer: (value) => Buffer.from(JSON.stringify(value)) };
    await expect(publish(broker, { message: { amount: 1n } })).rejects.toThrow('BigInt');
  });

  it('is an error that publish() throws at once, without a repeat', async () => {
    const broker = new Broker(() => {
      throw new Error('cannot be encoded');
    });
    await expect(publish(broker)).rejects.toThrow('cannot be encoded');
    expect(broker.published).toHaveLength(1);
  });

  it('is an error that the settings do not repeat, thrown as it is', async () => {
    const broker = new Broker(nack);
    await expect(publish(broker, {}, { isRepeated: () => false })).rejects.toThrow('nacked');
    expect(broker.published).toHaveLength(1);
  });
});
