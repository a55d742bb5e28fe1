import type { AttemptPolicy } from '../src';
import { runRequestOf } from '../src/handlers/request-reader';
import { rabbitmqHandler } from '../src/handlers/rabbitmq-handler';

function scopeFor(tenant: string, scope: string): string {
  const incoming = { source: {}, headers: {}, payload: 1, requestedAt: undefined };
  const options = { scope, tenant: () => tenant };
  return runRequestOf({ key: 'key', payload: 1, incoming, options, kind: rabbitmqHandler }).scope;
}

describe('the scope of a tenant', () => {
  it('is different from that of every other tenant, even if names contain dots', () => {
    expect(scopeFor('acme.x', 'charge')).not.toBe(scopeFor('acme', 'x.charge'));
  });

  it('is rejected if it contains a separator of Redis keys', () => {
    expect(() => scopeFor('a:b', 'charge')).toThrow('must follow the rules of a scope');
  });
});

describe("a handler's attempt policy", () => {
  const source = { name: 'the message' };
  const failed = { error: new Error('why'), attempt: 3 };
  const incoming = { source, headers: {}, payload: 1, requestedAt: undefined };
  const requestWith = (attempts?: AttemptPolicy<unknown>) =>
    runRequestOf({
      key: 'key',
      payload: 1,
      incoming,
      options: { scope: 'charge' },
      kind: rabbitmqHandler,
      attempts,
    });

  it('gets the message and the failure', async () => {
    const since = new Date(0);
    const asked: unknown[] = [];
    const request = requestWith({
      maxAttempts: (message) => (asked.push(message), 7),
      backoffMs: (message, failure) => (asked.push(message, failure), 500),
      waitingSince: async (message) => (asked.push(message), since),
    });
    expect(request.maxAttempts).toBe(7);
    expect(request.backoffMs?.(failed)).toBe(500);
    expect(await request.waitingSince?.()).toBe(since);
    expect(asked).toEqual([source, source, failed, source]);
  });

  it('is optional', () => {
    expect(requestWith()).not.toHaveProperty('maxAttempts');
  });
});
