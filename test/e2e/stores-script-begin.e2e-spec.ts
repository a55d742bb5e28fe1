import { useScripts } from '../support/lua-scripts';

const redis = useScripts();
const { runner } = redis;

describe('begin.lua replies', () => {
  it('1 for the first claim of a key, which is one text', async () => {
    const { begin, lock } = runner();
    expect(await begin('one', 'print')).toBe(1);
    expect(await redis.client.get(lock)).toMatch(/^one \d{13} 1 0 0 \d{13} {2}print$/);
  });

  it('acquired after the death of an owner: count, first attempt and fingerprint are still there', async () => {
    const { begin, lock } = runner();
    await begin('one', 'print');
    const dead = await redis.client.get(lock);
    const [, firstAt = ''] = / 1 0 0 (\d{13}) /.exec(dead ?? '') ?? [];
    await redis.client.set(lock, String(dead).replace(/^one \d+/, 'one 0'), 'KEEPTTL');
    expect(await begin('two', 'other print')).toEqual(['idempotency-key-reused']);
    expect(await begin('two')).toEqual(['acquired', 2, 2, expect.any(Number), -1, 0]);
    expect(await redis.client.get(lock)).toMatch(new RegExp(`^two \\d{13} 2 0 0 ${firstAt}  print$`));
  });

  it('acquired after a finished key whose record has expired: only the fencing token goes on', async () => {
    const { begin, lock } = runner();
    await redis.client.set(lock, `= ${Date.now() - 100_000} 3 1 1 5 4 print`);
    expect(await begin('one', 'other print')).toEqual(['acquired', 4, 1, 0, -1, 0]);
    expect(await redis.client.get(lock)).toMatch(/^one \d{13} 4 3 0 \d{13} {2}other print$/);
  });

  it('acquired, with the claims, the counted claims and the time since the first', async () => {
    const { begin, release } = runner();
    await begin('one');
    await release('one', 'uncounted');
    await begin('two');
    await release('two', 'counted');
    expect(await begin('three')).toEqual(['acquired', 3, 2, expect.any(Number), -1, 0]);
  });

  it('acquired, with the time since which an earlier claim may have been forgotten', async () => {
    const [now] = await redis.client.time();
    const madeAt = Number(now) * 1000 - 200_000;
    const reply = await runner().begin('one', '', { madeAt, tolerance: 50_000, waiting: madeAt + 1_000 });
    expect(reply).toEqual(['acquired', 1, 1, 0, expect.any(Number), 0]);
    expect(Array.isArray(reply) && reply[4]).toBeGreaterThanOrEqual(250_000);
  });

  it('not-due, with the time until the next attempt is due', async () => {
    const { begin, release } = runner();
    await begin('one');
    await release('one', 'counted', 5_000);
    expect(await begin('two')).toEqual(['not-due', expect.any(Number)]);
  });

  it('retries-exhausted, with the counted claims', async () => {
    const { begin, release } = runner();
    await begin('one');
    await release('one', 'counted');
    expect(await begin('two', '', { most: 1 })).toEqual(['retries-exhausted', 1]);
  });

  it('acquired, with the attempts that a replay added, also for a later begin without them', async () => {
    const { begin, release } = runner();
    await begin('one');
    await release('one', 'counted');
    expect(await begin('two', '', { most: 1, forgiven: 1 })).toEqual([
      'acquired',
      2,
      2,
      expect.any(Number),
      -1,
      1,
    ]);
    await release('two', 'unfinished');
    expect(await begin('three', '', { most: 1 })).toEqual(['acquired', 3, 3, expect.any(Number), -1, 1]);
  });

  it.each([-1, NaN, 7])('acquired, without %p added attempts, which cannot be true', async (forgiven) => {
    const { begin, release } = runner();
    await begin('one');
    await release('one', 'counted');
    expect(await begin('two', '', { forgiven })).toEqual(['acquired', 2, 2, expect.any(Number), -1, 0]);
  });

  it('in-progress, and stores the attempts that a replay added, without changing lease and expiry time', async () => {
    const { begin, find, lock } = runner();
    await begin('one', 'print');
    const [claim, end] = [await redis.client.get(lock), await redis.client.pexpiretime(lock)];
    expect(await begin('two', 'print', { forgiven: 1 })).toEqual(['in-progress', expect.any(Number)]);
    expect(await find()).toEqual([null, expect.any(Number), 1, 0, 1]);
    expect(await redis.client.get(lock)).toBe(claim?.replace(' 1 0 0 ', ' 1 0 1 '));
    expect(await redis.client.pexpiretime(lock)).toBe(end);
  });

  it('from-the-future, with the time difference', async () => {
    const madeAt = Date.now() + 3_600_000;
    expect(await runner().begin('one', '', { madeAt, tolerance: 0 })).toEqual([
      'from-the-future',
      expect.any(Number),
    ]);
  });

  it('in-progress, with the remaining lease', async () => {
    const { begin } = runner();
    await begin('one');
    expect(await begin('two')).toEqual(['in-progress', expect.any(Number)]);
  });

  it('in-progress, with the remaining life of a lock that is not ours', async () => {
    const { begin, lock } = runner();
    await redis.client.set(lock, 'of another program', 'PX', 5_000);
    expect(await begin('two')).toEqual(['in-progress', expect.any(Number)]);
    await redis.client.persist(lock);
    expect(await begin('two')).toEqual(['in-progress', -1]);
  });

  it('idempotency-key-reused', async () => {
    const { begin } = runner();
    await begin('one', 'print');
    expect(await begin('two', 'other print')).toEqual(['idempotency-key-reused']);
  });

  it('outside-deduplication-window', async () => {
    expect(await runner().begin('one', '', { madeAt: 0 })).toEqual(['outside-deduplication-window']);
  });

  it('the record as it was stored', async () => {
    const { begin, complete } = runner();
    await begin('one');
    await complete('one', '{"result":"ü"}');
    expect(await begin('two')).toBe('{"result":"ü"}');
  });

  it.each(['record', 'lock'] as const)('error WRONGTYPE for a %s that is not a text', async (name) => {
    const { begin, ...names } = runner();
    await redis.client.rpush(names[name], 'no text');
    await expect(begin('one')).rejects.toThrow('WRONGTYPE');
    expect(await redis.client.exists(names.record, names.lock)).toBe(1);
  });
});
