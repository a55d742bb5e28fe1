import { redisLocation } from '../../../src/redis/redis-location';

describe('REDIS_URL', () => {
  it('with one URL is a single server', () => {
    const url = 'redis://user:secret@redis:6380/3';
    expect(redisLocation([url])).toEqual({ kind: 'standalone', url });
  });

  it('with several URLs is a cluster; the first URL has the login', () => {
    const urls = ['rediss://user:s%40fe@a:6379', 'rediss://b:6379'];
    expect(redisLocation(urls)).toEqual({
      kind: 'cluster',
      urls,
      login: { username: 'user', password: 's@fe', encrypted: true },
    });
  });

  it('with one sentinel is the master that it knows', () => {
    expect(redisLocation(['redis+sentinel://sentinel/payments'])).toEqual({
      kind: 'sentinel',
      sentinels: [{ host: 'sentinel', port: 26_379 }],
      master: { name: 'payments', database: 0, encrypted: false },
    });
  });

  it('with several sentinels is the same master', () => {
    expect(
      redisLocation([
        'rediss+sentinel://user:s%40fe@one:26380/payments%20eu/4',
        'rediss+sentinel://[::1]:26381/payments%20eu/4',
      ]),
    ).toEqual({
      kind: 'sentinel',
      sentinels: [
        { host: 'one', port: 26_380 },
        { host: '::1', port: 26_381 },
      ],
      master: { name: 'payments eu', database: 4, username: 'user', password: 's@fe', encrypted: true },
    });
  });
});
