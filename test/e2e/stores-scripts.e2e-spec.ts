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
  const [, inputs = '', replies = ''] = /^(.*)-- Replies\n(.*)$/s.exec(comments.join('\n')) ?? [];
  return { inputs, replies: replies.split('\n').map((line) => line.replace(/^-- +/, '')) };
}

describe.each(scripts)('the header of %s.lua', (script) => {
  const { inputs, replies } = headerOf(script);
  const code = sourceOf(script)
    .split('\n')
    .filter((line) => !line.startsWith('--'))
    .join('\n');

  it.each(['KEYS', 'ARGV'])('lists the %s that the script reads', (kind) => {
    const read = [...code.matchAll(new RegExp(`${kind}\\[(\\d+)\\]`, 'g'))].map(([, place]) => Number(place));
    const list = new RegExp(`${kind}(.*?)(?=-- ARGV|$)`, 's').exec(inputs)?.[1] ?? '';
    const listed = [...list.matchAll(/(?:^| {2,})(\d+) /gm)].map(([, place]) => Number(place));
    expect(listed).toEqual([...new Set(read)].sort((one, other) => one - other));
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
  it('stored', async () => {
    const { begin, complete } = runner();
    await begin('one');
    expect(await complete('one')).toEqual(['stored']);
  });

  it('lost, without a record', async () => {
    expect(await runner().complete('one')).toEqual(['lost', null]);
  });

  it('lost, with the record of the other owner', async () => {
    const { begin, complete } = runner();
    await begin('one');
    await complete('one', '{"result":"of one"}');
    expect(await complete('two', '{"result":"of two"}')).toEqual(['lost', '{"result":"of one"}']);
  });
});

describe('extend.lua replies', () => {
  it('extended', async () => {
    const { begin, extend, lock, attempts } = runner();
    await begin('one');
    expect(await extend('one', 500_000)).toBe('extended');
    const [lease, life] = [await redis.client.pexpiretime(lock), await redis.client.pexpiretime(attempts)];
    // Each PEXPIRE of a script reads the clock again, so the two times may differ.
    expect(life).toBeGreaterThanOrEqual(lease);
  });

  it('lost', async () => {
    const { begin, extend } = runner();
    await begin('one');
    expect(await extend('two')).toBe('lost');
  });
});

describe('release.lua replies', () => {
  it.each([
    { counting: 'counted', left: /^1 0 0 \d{13} {2}r print$/ },
    { counting: 'unfinished', left: /^1 0 0 \d{13} {2}w print$/ },
    { counting: 'uncounted', left: /^1 1 0 {3}r $/ },
  ])('released, $counting', async ({ counting, left }) => {
    const { begin, release, lock, attempts } = runner();
    await begin('one', 'print');
    expect(await release('one', counting)).toBe('released');
    expect(await redis.client.exists(lock)).toBe(0);
    expect(await redis.client.get(attempts)).toMatch(left);
  });

  it('released, even with an unreadable attempts entry', async () => {
    const { begin, release, lock, attempts } = runner();
    await begin('one');
    await redis.client.set(attempts, 'many');
    expect(await release('one', 'uncounted', 5)).toBe('released');
    expect(await redis.client.exists(lock)).toBe(0);
    expect(await redis.client.get(attempts)).toBe('many');
  });

  it('lost', async () => {
    expect(await runner().release('one', 'counted')).toBe('lost');
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
    expect(await find()).toEqual(['{"result":1}', -2, 1, 0, 0]);
  });
});

describe('forget.lua replies', () => {
  it('forgotten, and deletes everything of a finished key', async () => {
    const { begin, complete, forget, record, lock, attempts } = runner();
    await begin('one');
    await complete('one');
    expect(await forget()).toBe('forgotten');
    expect(await redis.client.exists(record, lock, attempts)).toBe(0);
  });

  it('forgotten, and keeps lease and attempts of a key in progress', async () => {
    const { begin, forget, lock, attempts } = runner();
    await begin('one');
    expect(await forget()).toBe('forgotten');
    expect(await redis.client.get(lock)).toBe('one');
    expect(await redis.client.get(attempts)).toMatch(/^1 0 0 \d{13} {2}w $/);
  });
});
