import { useScripts } from '../support/lua-scripts';

const redis = useScripts();
const { runner } = redis;

describe('replace-record.lua replies', () => {
  it('replaced, and the record keeps its life', async () => {
    const { begin, complete, replaceRecord, record, lock } = runner();
    await begin('one');
    await complete('one', '{"result":"pending"}');
    const end = await redis.client.pexpiretime(record);
    expect(await replaceRecord('{"result":"pending"}', '{"result":"paid"}')).toBe('replaced');
    expect(await redis.client.get(record)).toBe('{"result":"paid"}');
    expect(await redis.client.pexpiretime(record)).toBe(end);
    expect(await redis.client.exists(lock)).toBe(0);
  });

  it('replaced, and the note that the key is finished stays', async () => {
    const { begin, complete, replaceRecord, lock } = runner();
    await begin('one', 'print');
    await complete('one', '{"result":1}', 300_000);
    const [note, end] = [await redis.client.get(lock), await redis.client.pexpiretime(lock)];
    expect(await replaceRecord('{"result":1}', '{"result":2}')).toBe('replaced');
    expect(await redis.client.get(lock)).toBe(note);
    expect(await redis.client.pexpiretime(lock)).toBe(end);
  });

  it.each(['{"result":1} ', '{"result":10}', '{"result":', ''])(
    'changed, if the record is not the same to the byte: %p',
    async (from) => {
      const { begin, complete, replaceRecord, record } = runner();
      await begin('one');
      await complete('one', '{"result":1}');
      expect(await replaceRecord(from, '{"result":2}')).toBe('changed');
      expect(await redis.client.get(record)).toBe('{"result":1}');
    },
  );

  it('changed without a record, and stores none', async () => {
    const { begin, replaceRecord, record, lock } = runner();
    expect(await replaceRecord('', '{"result":2}')).toBe('changed');
    await begin('one');
    const claim = await redis.client.get(lock);
    expect(await replaceRecord('{"result":1}', '{"result":2}')).toBe('changed');
    expect(await redis.client.exists(record)).toBe(0);
    expect(await redis.client.get(lock)).toBe(claim);
  });

  it('error WRONGTYPE for a record that is not a text, which stays', async () => {
    const { replaceRecord, record } = runner();
    await redis.client.rpush(record, 'no text');
    await expect(replaceRecord('no text', '{"result":2}')).rejects.toThrow('WRONGTYPE');
    expect(await redis.client.lrange(record, 0, -1)).toEqual(['no text']);
  });
});
