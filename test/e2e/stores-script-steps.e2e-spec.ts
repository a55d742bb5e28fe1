import { useScripts } from '../support/lua-scripts';

const redis = useScripts();
const { runner } = redis;

describe('save-steps.lua and load-steps.lua reply', () => {
  it('saved and loaded: the steps are behind the claim, which keeps its life', async () => {
    const { begin, saveSteps, loadSteps, lock } = runner();
    await begin('one', 'print');
    const [claim, end] = [await redis.client.get(lock), await redis.client.pexpiretime(lock)];
    expect(await loadSteps('one')).toEqual(['loaded', '']);
    for (const steps of ['{"a":1}', '{"a":1,"b":2}']) {
      expect(await saveSteps('one', steps)).toBe('saved');
      expect(await loadSteps('one')).toEqual(['loaded', steps]);
      expect(await redis.client.get(lock)).toBe(`${claim}\n${steps}`);
    }
    expect(await redis.client.pexpiretime(lock)).toBe(end);
  });

  it('lost', async () => {
    const { begin, saveSteps, loadSteps } = runner();
    expect([await saveSteps('one', '{}'), await loadSteps('one')]).toEqual(['lost', ['lost']]);
    await begin('one');
    expect([await saveSteps('on', '{}'), await loadSteps('on')]).toEqual(['lost', ['lost']]);
  });

  it('nothing of a finished key', async () => {
    const { begin, saveSteps, complete, lock } = runner();
    await begin('one', 'print');
    await saveSteps('one', '{"a":1}');
    expect(await complete('one', '{}', 300_000)).toBe(1);
    expect(await redis.client.get(lock)).toMatch(/^= \d{13} 1 0 0 \d{13} {2}print$/);
  });
});
