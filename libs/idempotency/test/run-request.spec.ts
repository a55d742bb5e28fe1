import { MissingTenantError, type AttemptPolicy } from '../src';
import { runRequestOf } from '../src/handlers/request-reader';
import { rabbitmqHandler } from '../src/handlers/rabbitmq-handler';

async function scopeFor(tenant: string | undefined, scope: string): Promise<string> {
  const incoming = { source: {}, headers: {}, payload: 1, requestedAt: undefined };
  const options = { tenant: () => tenant };
  const read = { key: 'key', scope, payload: 1, incoming, options, kind: rabbitmqHandler };
  return (await runRequestOf(read)).scope;
}

describe('the scope of a tenant', () => {
  it.each([
    { tenants: ['acme.x', 'acme'], scopes: ['charge', 'x.charge'] },
    { tenants: ['a:b', 'a'], scopes: ['charge', 'b:charge'] },
    { tenants: ['a b', 'a'], scopes: ['charge', 'b charge'] },
    { tenants: ['{a}', 'a'], scopes: ['charge', 'charge'] },
    { tenants: ['a%3Ab', 'a:b'], scopes: ['charge', 'charge'] },
  ])('is different from that of every other tenant: $tenants', async ({ tenants, scopes }) => {
    const [one, other] = await Promise.all(
      tenants.map((tenant, index) => scopeFor(tenant, scopes[index] ?? '')),
    );
    expect(one).not.toBe(other);
    expect(one).toMatch(/^[^:{} ]+ charge$/);
  });

  it.each([undefined, '', 'x'.repeat(256), '\uD800'])('needs a tenant: %j is none', async (tenant) => {
    await expect(scopeFor(tenant, 'charge')).rejects.toBeInstanceOf(MissingTenantError);
  });
});

describe("a handler's attempt policy", () => {
  const source = { name: 'the message' };
  const failed = { error: new Error('why'), attempt: 3 };
  const incoming = { source, headers: {}, payload: 1, requestedAt: undefined };
  const requestWith = (attempts?: AttemptPolicy<unknown>) =>
    runRequestOf({
      key: 'key',
      scope: 'charge',
      payload: 1,
      incoming,
      options: {},
      kind: rabbitmqHandler,
      attempts,
    });

  it('gets the message and the failure', async () => {
    const since = new Date(0);
    const asked: unknown[] = [];
    const request = await requestWith({
      maxAttempts: (message) => (asked.push(message), 7),
      backoffMs: (message, failure) => (asked.push(message, failure), 500),
      waitingSince: async (message) => (asked.push(message), since),
    });
    expect(request.maxAttempts).toBe(7);
    expect(request.backoffMs?.(failed)).toBe(500);
    expect(await request.waitingSince?.()).toBe(since);
    expect(asked).toEqual([source, source, failed, source]);
  });

  it('is optional', async () => {
    expect(await requestWith()).toMatchObject({ maxAttempts: undefined, waitingSince: undefined });
  });
});
