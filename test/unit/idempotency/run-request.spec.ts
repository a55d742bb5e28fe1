import type { AttemptPolicy } from '../../../src/idempotency';
import { runRequestOf } from '../../../src/idempotency/request-reader';
import { rabbitHandler } from '../../../src/idempotency/handlers/rabbit-handler';

function scopeFor(tenant: string, scope: string): string {
  const incoming = { source: {}, headers: {}, payload: 1, requestedAt: undefined };
  const options = { scope, tenant: () => tenant };
  return runRequestOf({ key: 'key', payload: 1, incoming, options, kind: rabbitHandler }).scope;
}

describe('the scope of a tenant', () => {
  it('is nobody else’s, wherever the names have their dots', () => {
    expect(scopeFor('acme.x', 'charge')).not.toBe(scopeFor('acme', 'x.charge'));
  });

  it('is refused where a name could not be told from the rest of a Redis key', () => {
    expect(() => scopeFor('a:b', 'charge')).toThrow('must follow the rules of a scope');
  });
});

describe("a handler's own policy of attempts", () => {
  const source = { name: 'the message' };
  const failed = { error: new Error('why'), attempt: 3 };
  const incoming = { source, headers: {}, payload: 1, requestedAt: undefined };
  const requestWith = (attempts?: AttemptPolicy<unknown>) =>
    runRequestOf({
      key: 'key',
      payload: 1,
      incoming,
      options: { scope: 'charge' },
      kind: rabbitHandler,
      attempts,
    });

  it('is asked about the message that came, and about the failure', async () => {
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

  it('is nothing that a handler must have', () => {
    expect(requestWith()).not.toHaveProperty('maxAttempts');
  });
});
