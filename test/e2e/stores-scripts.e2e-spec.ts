import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import { startOwnRedis } from '../support/servers';
import type { OwnRedis } from '../support/servers';

const folder = resolve(__dirname, '../../src/idempotency/store/redis');
const scripts = readdirSync(folder)
  .filter((file) => file.endsWith('.lua'))
  .map((file) => file.replace('.lua', ''));

let server: OwnRedis;
let client: Redis;
let keysTaken = 0;

beforeAll(async () => {
  server = await startOwnRedis();
  client = new Redis(server.url);
});
afterAll(async () => {
  client.disconnect();
  await server.stop();
});

function sourceOf(script: string): string {
  return readFileSync(join(folder, `${script}.lua`), 'utf8');
}

/** The comment on top of a script, in its parts. */
function headerOf(script: string) {
  const comments = sourceOf(script)
    .split('\n')
    .filter((line) => line.startsWith('--'));
  const [, inputs = '', replies = ''] = /^(.*)-- Replies\n(.*)$/s.exec(comments.join('\n')) ?? [];
  return { inputs, replies: replies.split('\n').map((line) => line.replace(/^-- +/, '')) };
}

/** What a request to begin says of its age and its attempts. */
type Begin = Partial<Record<'madeAt' | 'tolerance' | 'waiting' | 'most', number | ''>>;

/** Runs a script with the key names that its header lists, of one idempotency key. */
function runner(key = `key-${++keysTaken}`) {
  const names = { record: `record:${key}`, lock: `lock:${key}`, attempts: `attempts:${key}` };
  const all = [names.record, names.lock, names.attempts];
  const own = [names.lock, names.attempts];
  const run = (script: string, keys: string[], args: (string | number)[] = []) =>
    client.eval(sourceOf(script), keys.length, ...keys, ...args);
  return {
    ...names,
    begin: (
      owner: string,
      fingerprint = '',
      { madeAt = '', tolerance = '', waiting = '', most = '' }: Begin = {},
    ) => run('begin', all, [owner, 10_000, 100_000, fingerprint, madeAt, 100_000, tolerance, waiting, most]),
    complete: (owner: string, record = '{"result":1}') => run('complete', all, [owner, record, 200, 200_000]),
    extend: (owner: string, leaseMs = 20_000) => run('extend', own, [owner, leaseMs]),
    release: (owner: string, counting: string, backoffMs: number | '' = '') =>
      run('release', own, [owner, counting, backoffMs]),
    find: () => run('find', all),
    forget: () => run('forget', all),
  };
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
    const listed = [...list.matchAll(/(?:^| {2,})(\d) /gm)].map(([, place]) => Number(place));
    expect(listed).toEqual([...new Set(read)].sort());
  });

  it('lists the replies that the script returns', () => {
    const returned = [...code.matchAll(/return (?:\{ )?'([a-z-]+)'/g)].map(([, kind]) => kind);
    const listed = replies
      .map((line) => /^\{?'([a-z-]+)'/.exec(line)?.[1])
      .filter((kind) => kind !== undefined);
    expect(listed.sort()).toEqual([...new Set(returned)].sort());
  });
});

describe('begin.lua replies', () => {
  it('acquired, with acquisitions, counted ones, and the time since the first', async () => {
    const { begin, release } = runner();
    await begin('one');
    await release('one', 'excused');
    await begin('two');
    await release('two', 'counted');
    expect(await begin('three')).toEqual(['acquired', 3, 2, expect.any(Number), -1]);
  });

  it('acquired, with the time since which an earlier one may have been forgotten', async () => {
    const [now] = await client.time();
    const madeAt = Number(now) * 1000 - 200_000;
    const reply = await runner().begin('one', '', { madeAt, tolerance: 50_000, waiting: madeAt + 1_000 });
    expect(reply).toEqual(['acquired', 1, 1, 0, expect.any(Number)]);
    expect(Array.isArray(reply) && reply[4]).toBeGreaterThanOrEqual(250_000);
  });

  it('busy, with the time until the next attempt is due', async () => {
    const { begin, release } = runner();
    await begin('one');
    await release('one', 'counted', 5_000);
    expect(await begin('two')).toEqual(['busy', expect.any(Number)]);
  });

  it('exhausted, with the counted acquisitions', async () => {
    const { begin, release } = runner();
    await begin('one');
    await release('one', 'counted');
    expect(await begin('two', '', { most: 1 })).toEqual(['exhausted', 1]);
  });

  it('from-the-future, with how far', async () => {
    const madeAt = Date.now() + 3_600_000;
    expect(await runner().begin('one', '', { madeAt, tolerance: 0 })).toEqual([
      'from-the-future',
      expect.any(Number),
    ]);
  });

  it('busy, with the remaining lease', async () => {
    const { begin } = runner();
    await begin('one');
    expect(await begin('two')).toEqual(['busy', expect.any(Number)]);
  });

  it('mismatch', async () => {
    const { begin } = runner();
    await begin('one', 'print');
    expect(await begin('two', 'other print')).toEqual(['mismatch']);
  });

  it('outside-window', async () => {
    expect(await runner().begin('one', '', { madeAt: 0 })).toEqual(['outside-window']);
  });

  it('completed, with the record as it was stored', async () => {
    const { begin, complete } = runner();
    await begin('one');
    await complete('one', '{"result":"ü"}');
    expect(await begin('two')).toEqual(['completed', '{"result":"ü"}']);
  });
});

describe('complete.lua replies', () => {
  it('stored', async () => {
    const { begin, complete } = runner();
    await begin('one');
    expect(await complete('one')).toEqual(['stored']);
  });

  it('lost, with nothing where there is no record', async () => {
    expect(await runner().complete('one')).toEqual(['lost', null]);
  });

  it('lost, with the record that stands there instead', async () => {
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
    const [lease, life] = [await client.pexpiretime(lock), await client.pexpiretime(attempts)];
    expect(life).toBe(lease);
  });

  it('lost', async () => {
    const { begin, extend } = runner();
    await begin('one');
    expect(await extend('two')).toBe('lost');
  });
});

describe('release.lua replies', () => {
  it.each([
    { counting: 'counted', left: /^1 0 \d{13} {2}r print$/ },
    { counting: 'unfinished', left: /^1 0 \d{13} {2}w print$/ },
    { counting: 'excused', left: /^1 1 {3}r $/ },
  ])('released, $counting', async ({ counting, left }) => {
    const { begin, release, lock, attempts } = runner();
    await begin('one', 'print');
    expect(await release('one', counting)).toBe('released');
    expect(await client.exists(lock)).toBe(0);
    expect(await client.get(attempts)).toMatch(left);
  });

  it('released, even when the attempts are not what these scripts write', async () => {
    const { begin, release, lock, attempts } = runner();
    await begin('one');
    await client.set(attempts, 'many');
    expect(await release('one', 'excused', 5)).toBe('released');
    expect(await client.exists(lock)).toBe(0);
    expect(await client.get(attempts)).toBe('many');
  });

  it('lost', async () => {
    expect(await runner().release('one', 'counted')).toBe('lost');
  });
});

describe('find.lua replies', () => {
  it('nothing, no lease and no acquisitions for a key that nobody began', async () => {
    expect(await runner().find()).toEqual([null, -2, 0, 0]);
  });

  it('the remaining lease and the acquisitions while somebody works', async () => {
    const { begin, find } = runner();
    await begin('one');
    expect(await find()).toEqual([null, expect.any(Number), 1, 0]);
  });

  it('the record when the work is finished', async () => {
    const { begin, complete, find } = runner();
    await begin('one');
    await complete('one');
    expect(await find()).toEqual(['{"result":1}', -2, 1, 0]);
  });
});

describe('forget.lua replies', () => {
  it('forgotten, and leaves nothing of a finished key', async () => {
    const { begin, complete, forget, record, lock, attempts } = runner();
    await begin('one');
    await complete('one');
    expect(await forget()).toBe('forgotten');
    expect(await client.exists(record, lock, attempts)).toBe(0);
  });

  it('forgotten, and leaves lease and attempts of a key in progress', async () => {
    const { begin, forget, lock, attempts } = runner();
    await begin('one');
    expect(await forget()).toBe('forgotten');
    expect(await client.get(lock)).toBe('one');
    expect(await client.get(attempts)).toMatch(/^1 0 \d{13} {2}w $/);
  });
});
