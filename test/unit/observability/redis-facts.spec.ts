import { obstacleIn, parseRedisInfo } from '../../../src/observability/redis-facts';

const info = (fields: Record<string, string>) =>
  ['# Memory', ...Object.entries(fields).map(([name, value]) => `${name}:${value}`), ''].join('\r\n');

const factsOf = (fields: Record<string, string>) => parseRedisInfo(info(fields));

describe('what Redis says of itself', () => {
  it('is read from INFO', () => {
    expect(factsOf({ maxmemory_policy: 'noeviction', aof_enabled: '1', role: 'master' })).toEqual({
      maxmemoryPolicy: 'noeviction',
      appendOnly: true,
      role: 'master',
    });
  });
});

describe('a Redis server', () => {
  it('can be used when it is a master that evicts nothing', () => {
    expect(obstacleIn(factsOf({ maxmemory_policy: 'noeviction', role: 'master' }))).toBeUndefined();
  });

  it.each(['allkeys-lru', 'volatile-ttl', 'allkeys-random'])(
    'cannot be used with the policy %s',
    (policy) => {
      expect(obstacleIn(factsOf({ maxmemory_policy: policy, role: 'master' }))).toContain(
        `maxmemory-policy is ${policy}`,
      );
    },
  );

  it('cannot be used when its policy is unknown', () => {
    expect(obstacleIn(factsOf({ role: 'master' }))).toContain('does not tell its maxmemory-policy');
  });

  it('cannot be used while it is a replica', () => {
    expect(obstacleIn(factsOf({ maxmemory_policy: 'noeviction', role: 'slave' }))).toContain(
      'it is a replica',
    );
  });
});
