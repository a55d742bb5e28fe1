import { claimOf } from '../../../src/idempotency/claim-of-request';
import { rabbitHandler } from '../../../src/idempotency/handlers/rabbit-handler';

function scopeFor(tenant: string, scope: string): string {
  const incoming = { source: {}, headers: {}, payload: 1, requestedAt: undefined };
  const options = { scope, tenant: () => tenant };
  return claimOf({ key: 'key', payload: 1, incoming, options, kind: rabbitHandler }).scope;
}

describe('the scope of a tenant', () => {
  it('is nobody else’s, wherever the names have their dots', () => {
    expect(scopeFor('acme.x', 'charge')).not.toBe(scopeFor('acme', 'x.charge'));
  });

  it('is refused where a name could not be told from the rest of a Redis key', () => {
    expect(() => scopeFor('a:b', 'charge')).toThrow('must follow the rules of a scope');
  });
});
