import { readdirSync } from 'node:fs';
import { scriptFolder, sourceOf, useScripts } from '../support/lua-scripts';

const scripts = readdirSync(scriptFolder)
  .filter((file) => file.endsWith('.lua'))
  .map((file) => file.replace('.lua', ''));

const redis = useScripts();
const { runner } = redis;

/** The parts of the header comment of a script. */
function headerOf(script: string) {
  const comments = sourceOf(script)
    .split('\n')
    .filter((line) => line.startsWith('--'));
  const [, inputs = '', replies = ''] = /^(.*)-- Replies[^\n]*\n(.*)$/s.exec(comments.join('\n')) ?? [];
  return { inputs, replies: replies.split('\n').map((line) => line.replace(/^-- +/, '')) };
}

/** The numbers of a list such as `1 lease (ms)   2 life`. */
function numbersIn(list = ''): number[] {
  return [...list.matchAll(/(?:^|: | {2,})(\d+) /gm)].map(([, place]) => Number(place));
}

/** The value of an index such as `2 + 2 * call`. */
function valueOf(index: string, call: number): number {
  const factors = (term: string) => term.split(' * ').map((one) => (one === 'call' ? call : Number(one)));
  const terms = index.replaceAll(' - ', ' + -').split(' + ');
  return terms
    .map((term) => factors(term).reduce((one, other) => one * other))
    .reduce((one, other) => one + other);
}

const distinct = (places: number[]) => [...new Set(places)].sort((one, other) => one - other);

describe.each(scripts)('the header of %s.lua', (script) => {
  const { inputs, replies } = headerOf(script);
  const code = sourceOf(script)
    .split('\n')
    .filter((line) => !line.startsWith('--'))
    .join('\n');
  const [, keys, args] = /KEYS(.*?)(?:-- ARGV(.*))?$/s.exec(inputs) ?? [];

  it('lists the KEYS that the script reads', () => {
    const read = [...code.matchAll(/KEYS\[(\d+)\]/g)].map(([, place]) => Number(place));
    expect(numbersIn(keys)).toEqual(distinct(read));
  });

  it('lists the ARGV that the script reads, for all calls and for each', () => {
    const [, place = ''] = /\bplace = .*, (.+)$/m.exec(code) ?? [];
    const indexes = [...code.matchAll(/ARGV\[([^\]]+)\]/g)].map(([, index = '']) =>
      index.replace('place', place),
    );
    const isShared = (index: string) => valueOf(index, 1) === valueOf(index, 2);
    const shared = distinct(indexes.filter(isShared).map((index) => valueOf(index, 1)));
    const own = distinct(indexes.filter((index) => !isShared(index)).map((index) => valueOf(index, 1)));
    const [before = '', ofEach = ''] = (args ?? '').split('for each call:');
    const [, ofAll = ''] = before.split('for all calls:');
    expect(numbersIn(`:${ofAll}`)).toEqual(shared);
    expect(numbersIn(`:${ofEach}`)).toEqual(own.map((at) => at - shared.length));
  });

  it('lists the replies that the script returns', () => {
    const returned = [...code.matchAll(/return (?:\{ )?'([a-z-]+)'/g)].map(([, kind]) => kind);
    const listed = replies
      .map((line) => /^\{?'([a-z-]+)'/.exec(line)?.[1])
      .filter((kind) => kind !== undefined);
    expect(listed.sort()).toEqual([...new Set(returned)].sort());
  });
});

describe('complete.lua replies', () => {
  it('1 if it is stored, and the record is all that is left', async () => {
    const { begin, complete, record, lock } = runner();
    await begin('one');
    expect(await complete('one')).toBe(1);
    expect(await redis.client.exists(record, lock)).toBe(1);
    expect(await redis.client.get(record)).toBe('{"result":1}');
  });

  it('1, and remembers for longer than the record lives that the key was finished, if told so', async () => {
    const { begin, complete, record, lock } = runner();
    await begin('one', 'print');
    expect(await complete('one', '{}', 300_000)).toBe(1);
    expect(await redis.client.get(lock)).toMatch(/^= \d{13} 1 0 0 \d{13} {2}print$/);
    const life = (await redis.client.pexpiretime(lock)) - (await redis.client.pexpiretime(record));
    expect(Math.round(life / 1_000)).toBe(100);
  });

  it('nil without a lease and without a record', async () => {
    expect(await runner().complete('one')).toBeNull();
  });

  it('nil for the owner of a lease that has ended, though no other owner has begun', async () => {
    const { begin, complete, lock } = runner();
    await begin('one');
    const claim = await redis.client.get(lock);
    await redis.client.set(lock, String(claim).replace(/^one \d+/, `one ${Date.now() - 1_000}`));
    expect(await complete('one')).toBeNull();
  });

  it('the record of the other owner', async () => {
    const { begin, complete } = runner();
    await begin('one');
    await complete('one', '{"result":"of one"}');
    expect(await complete('two', '{"result":"of two"}')).toBe('{"result":"of one"}');
  });

  it.each(['on', 'one-and-more', ''])('nil for an owner with a similar token: %p', async (token) => {
    const { begin, complete } = runner();
    await begin('one');
    expect(await complete(token)).toBeNull();
  });

  it('error WRONGTYPE for a record that is not a text, which stays', async () => {
    const { begin, complete, record, lock } = runner();
    await begin('one');
    await redis.client.rpush(record, 'no text');
    await expect(complete('one')).rejects.toThrow('WRONGTYPE');
    expect(await redis.client.lrange(record, 0, -1)).toEqual(['no text']);
    expect(await redis.client.get(lock)).toMatch(/^one /);
  });
});

describe('extend.lua replies', () => {
  it('extended, and the claim lives at least as long as the lease', async () => {
    const { begin, extend, find, lock } = runner();
    await begin('one');
    expect(await extend('one', 500_000)).toBe('extended');
    const [, remainingMs] = Object.values((await find()) ?? {});
    expect(Number(remainingMs)).toBeGreaterThan(490_000);
    expect(await redis.client.pttl(lock)).toBeGreaterThanOrEqual(Number(remainingMs) - 1_000);
  });

  it('lost', async () => {
    const { begin, extend } = runner();
    await begin('one');
    expect(await extend('two')).toBe('lost');
  });
});

describe('release.lua replies', () => {
  it.each([
    { counting: 'counted', wait: 0, left: /^- 0 1 0 0 \d{13} {2}print$/ },
    { counting: 'counted', wait: 5, left: /^- \d{13} 1 0 0 \d{13} {2}print$/ },
    { counting: 'unfinished', wait: 0, left: /^one 0 1 0 0 \d{13} {2}print$/ },
    { counting: 'uncounted', wait: 0, left: /^- 0 1 1 0 {3}$/ },
  ])('released, $counting, next attempt after $wait ms', async ({ counting, wait, left }) => {
    const { begin, release, find, lock } = runner();
    await begin('one', 'print');
    expect(await release('one', counting, wait)).toBe('released');
    expect(await find()).toMatchObject({ 1: -2 });
    expect(await redis.client.get(lock)).toMatch(left);
  });

  it('lost', async () => {
    expect(await runner().release('one', 'counted')).toBe('lost');
  });

  it.each(['counted', 'uncounted', 'unfinished'])('lost after it has released (%s)', async (counting) => {
    const { begin, release, complete, extend } = runner();
    await begin('one');
    await release('one', counting, 60_000);
    expect([await release('one', counting), await extend('one'), await complete('one')]).toEqual([
      'lost',
      'lost',
      null,
    ]);
  });
});

describe('find.lua replies', () => {
  it('no record, no lease and no claims for an unknown key', async () => {
    expect(await runner().find()).toEqual([null, -2, 0, 0, 0]);
  });

  it('the remaining lease and the claims of a key in progress', async () => {
    const { begin, find } = runner();
    await begin('one');
    expect(await find()).toEqual([null, expect.any(Number), 1, 0, 0]);
  });

  it('the record of a finished key', async () => {
    const { begin, complete, find } = runner();
    await begin('one');
    await complete('one');
    expect(await find()).toEqual(['{"result":1}', -2, 0, 0, 0]);
  });

  it('nothing of a finished key whose record has expired', async () => {
    const { find, lock } = runner();
    await redis.client.set(lock, '= 1 3 1 1 5 4 print');
    expect(await find()).toEqual([null, -2, 0, 0, 0]);
  });
});

describe('forget.lua replies', () => {
  it.each(['', 300_000] as const)(
    'forgotten, and deletes everything of a finished key (%p)',
    async (remembered) => {
      const { begin, complete, forget, record, lock } = runner();
      await begin('one');
      await complete('one', '{}', remembered);
      expect(await forget()).toBe('forgotten');
      expect(await redis.client.exists(record, lock)).toBe(0);
    },
  );

  it('forgotten, and deletes the claim of a key that was released', async () => {
    const { begin, release, forget, lock } = runner();
    await begin('one');
    await release('one', 'counted', 60_000);
    expect(await forget()).toBe('forgotten');
    expect(await redis.client.exists(lock)).toBe(0);
  });

  it('forgotten, and keeps the claim of a key in progress', async () => {
    const { begin, forget, lock } = runner();
    await begin('one');
    const claim = await redis.client.get(lock);
    expect(await forget()).toBe('forgotten');
    expect(await redis.client.get(lock)).toBe(claim);
  });
});
