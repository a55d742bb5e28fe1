import { obstacleIn, parseRedisInfo, riskIn, summaryOf } from '../../../src/redis/redis-facts';

const info = (fields: Record<string, string>) =>
  ['# Memory', ...Object.entries(fields).map(([name, value]) => `${name}:${value}`), ''].join('\r\n');

const factsOf = (fields: Record<string, string>) => parseRedisInfo(info(fields));

describe('the facts about a Redis server', () => {
  it('are read from INFO', () => {
    const fields = {
      redis_version: '7.0.15',
      maxmemory_policy: 'noeviction',
      aof_enabled: '1',
      role: 'master',
    };
    expect(factsOf(fields)).toEqual({
      version: '7.0.15',
      maxmemoryPolicy: 'noeviction',
      appendOnly: true,
      role: 'master',
    });
  });
});

describe('a Redis server', () => {
  it('can be used if it is a master that evicts nothing', () => {
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
    expect(obstacleIn(factsOf({ role: 'master' }))).toContain('does not report its maxmemory-policy');
  });

  it('cannot be used while it is a replica', () => {
    expect(obstacleIn(factsOf({ maxmemory_policy: 'noeviction', role: 'slave' }))).toContain(
      'it is a replica',
    );
  });
});

describe('a restart of a Redis server', () => {
  it('is dangerous without an append-only file', () => {
    expect(riskIn(factsOf({ aof_enabled: '0' }))).toContain('set appendonly to yes');
  });

  it.each<Record<string, string>>([{ aof_enabled: '1' }, {}])('is not called dangerous with %j', (fields) => {
    expect(riskIn(factsOf(fields))).toBeUndefined();
  });
});

describe('the summary of several Redis servers', () => {
  const one = { redis_version: '7.0.15', maxmemory_policy: 'noeviction', aof_enabled: '1' };

  it('names equal facts once, and each value where they differ', () => {
    const other = { ...one, redis_version: '7.2.0', aof_enabled: '0' };
    expect(summaryOf([one, one, other].map(factsOf))).toEqual({
      version: '7.0.15 and 7.2.0',
      maxmemoryPolicy: 'noeviction',
      persistence: 'append-only and not append-only',
    });
  });

  it.each([{ servers: [] }, { servers: [factsOf({})] }])(
    'is unknown if no server reports it: $servers',
    ({ servers }) => {
      expect(summaryOf(servers)).toEqual({
        version: 'unknown',
        maxmemoryPolicy: 'unknown',
        persistence: 'persistence unknown',
      });
    },
  );
});
