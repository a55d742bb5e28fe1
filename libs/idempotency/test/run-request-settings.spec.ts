import { MissingIdempotencyKeyError } from '../src';
import { runRequestOf, keyOf } from '../src/handlers/request-reader';
import { fingerprintOf } from '../src/engine/fingerprint';
import { rabbitmqHandler } from '../src/handlers/rabbitmq-handler';
import type { IdempotentOptions } from '../src';

const requestedAt = new Date(1_700_000_000_000);
const payload = { order: { id: 'O-1', total: 7 }, note: 'x' };

function incomingWith(headers: object) {
  return { source: {}, headers, payload, requestedAt };
}

function requestWith(options: Partial<IdempotentOptions>) {
  const incoming = incomingWith({});
  return runRequestOf({
    key: 'abc',
    scope: 'order',
    payload,
    incoming,
    options,
    kind: rabbitmqHandler,
  });
}

describe('the key of a request', () => {
  it.each<{ where: string; key?: IdempotentOptions['key']; headers: object; found: string }>([
    { where: 'the usual header', headers: { 'idempotency-key': 'abc' }, found: 'abc' },
    { where: 'another header', key: { header: 'x-key' }, headers: { 'x-key': 'abc' }, found: 'abc' },
    { where: 'the payload', key: { property: 'order.id' }, headers: {}, found: 'O-1' },
    { where: 'a function', key: () => 'made', headers: {}, found: 'made' },
    { where: 'an async function', key: async () => 'made', headers: {}, found: 'made' },
  ])('comes from $where', async ({ key, headers, found }) => {
    expect(await keyOf(incomingWith(headers), { scope: 'order', ...(key && { key }) })).toBe(found);
  });

  it('is checked if a function returns it', async () => {
    const made = keyOf(incomingWith({}), { scope: 'order', key: () => 'two words' });
    await expect(made).rejects.toThrow("result of the handler's key function");
  });

  it('is required, unless the handler accepts requests without one', async () => {
    const none = incomingWith({});
    await expect(keyOf(none, { scope: 'order' })).rejects.toBeInstanceOf(MissingIdempotencyKeyError);
    await expect(keyOf(none, { scope: 'order', whenKeyMissing: 'reject' })).rejects.toThrow(
      'no idempotency key',
    );
    expect(await keyOf(none, { scope: 'order', whenKeyMissing: 'process' })).toBeUndefined();
  });

  it('is rejected if it is invalid, even if none is required', async () => {
    const bad = keyOf(incomingWith({ 'idempotency-key': 7 }), { scope: 'order', whenKeyMissing: 'process' });
    await expect(bad).rejects.toMatchObject({ code: 'invalid-idempotency-key' });
  });

  it('does not count as missing if its function fails', async () => {
    const fault = new Error('a fault of the application');
    const key = () => {
      throw fault;
    };
    const failing = keyOf(incomingWith({}), { scope: 'order', key, whenKeyMissing: 'process' });
    await expect(failing).rejects.toBe(fault);
  });
});

describe('the run request of a handler', () => {
  it('has the options of the handler', async () => {
    const rememberError = () => true;
    const uncounted = () => true;
    const given = { ttlSeconds: 10, leaseMs: 20, rememberError, uncounted };
    expect(await requestWith(given)).toMatchObject({
      scope: 'order',
      key: 'abc',
      requestedAt,
      ttlSeconds: 10,
      leaseMs: 20,
      rememberError,
      uncounted,
    });
  });

  it('has the default of `uncounted` for its kind of handler', async () => {
    expect((await requestWith({})).uncounted).toBe(rabbitmqHandler.uncounted);
  });

  it.each([
    { whenInProgress: undefined, inProgressWaitMs: undefined },
    { whenInProgress: 'reject' as const, inProgressWaitMs: undefined },
    { whenInProgress: { waitMs: 70, then: 'reject' as const }, inProgressWaitMs: 70 },
  ])(
    'waits for a key in progress as long as $whenInProgress says',
    async ({ whenInProgress, inProgressWaitMs }) => {
      expect((await requestWith({ ...(whenInProgress && { whenInProgress }) })).inProgressWaitMs).toBe(
        inProgressWaitMs,
      );
    },
  );

  it.each<{ what: string; fingerprint?: IdempotentOptions['fingerprint']; identity: unknown }>([
    { what: 'the whole payload', identity: payload },
    {
      what: 'some properties',
      fingerprint: ['order.id', 'none?'],
      identity: [
        ['order.id', 'O-1'],
        ['none', undefined],
      ],
    },
    { what: 'the result of a function', fingerprint: () => 'same', identity: 'same' },
  ])('has the fingerprint of $what', async ({ fingerprint, identity }) => {
    expect((await requestWith({ ...(fingerprint && { fingerprint }) })).fingerprint).toBe(
      fingerprintOf(identity),
    );
  });

  it('is rejected if it lacks a property that makes it the same request', async () => {
    await expect(requestWith({ fingerprint: ['order.id', 'none'] })).rejects.toThrow(
      "the property 'none' is missing",
    );
  });

  it('is rejected if the function gives no fingerprint', async () => {
    await expect(requestWith({ fingerprint: () => undefined })).rejects.toThrow('returned undefined');
  });

  it('has no fingerprint if that is switched off', async () => {
    expect((await requestWith({ fingerprint: false })).fingerprint).toBeUndefined();
  });

  it('has a scope with its tenant', async () => {
    expect((await requestWith({ tenant: ({ headers }) => (headers ? 'acme' : 'none') })).scope).toBe(
      'acme order',
    );
  });
});
