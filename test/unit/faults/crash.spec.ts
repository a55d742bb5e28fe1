import { crashAt } from '../../faults/crash';

const point = 'before-dead-letter';

/** A consumer that reaches its crash point, and is ready, when the test says so. */
function aConsumer({ crashed = () => false, ready = () => true }) {
  return {
    name: 'consumer-0',
    kill: jest.fn(() => Promise.resolve()),
    start: jest.fn(() => Promise.resolve()),
    hasCrashed: jest.fn(crashed),
    isReady: jest.fn(() => Promise.resolve(ready())),
    describe: () => Promise.resolve('its state'),
  };
}

const aProvocation = () => ({ leadTo: jest.fn(() => Promise.resolve()) });

describe('a crash point', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  async function crashing(consumer: ReturnType<typeof aConsumer>, provocation = aProvocation(), afterMs = 0) {
    const missed = crashAt(point, { consumer, provocation });
    await jest.advanceTimersByTimeAsync(afterMs);
    return missed;
  }

  it('is provoked until the consumer reaches it; then a normal consumer is started', async () => {
    const provocation = aProvocation();
    const consumer = aConsumer({ crashed: () => provocation.leadTo.mock.calls.length >= 3 });
    expect(await crashing(consumer, provocation, 10_000)).toBeUndefined();
    expect(provocation.leadTo).toHaveBeenCalledTimes(3);
    expect(consumer.start.mock.calls).toEqual([[{ crashAt: point }], []]);
  });

  it('that a ready consumer does not reach within a minute is reported as missed', async () => {
    const consumer = aConsumer({});
    const missed = await crashing(consumer, aProvocation(), 62_000);
    expect(missed).toEqual({ point, why: 'consumer-0 was ready for 60 s meanwhile; now: its state' });
    expect(consumer.start).toHaveBeenLastCalledWith();
  });

  it('is waited for longer while other faults keep the consumer from being ready', async () => {
    const provocation = aProvocation();
    const consumer = aConsumer({
      ready: () => false,
      crashed: () => provocation.leadTo.mock.calls.length >= 200,
    });
    expect(await crashing(consumer, provocation, 299_000)).toBeUndefined();
  });

  it('is waited for five minutes at most', async () => {
    const missed = await crashing(aConsumer({ ready: () => false }), aProvocation(), 302_000);
    expect(missed?.why).toContain('was ready for 0 s');
  });
});
