import { watchConsumer } from '../../../scripts/demo/consumer';

const logLine = (msg: string, key = 'key-1', paymentId = 'PAY-001'): string =>
  JSON.stringify({ level: 'info', msg, paymentId, idempotencyKey: key });

describe('the demo, reading what the consumer did from the log of the service', () => {
  const shown: string[] = [];
  const options = {
    isAlive: () => true,
    log: () => 'the last words',
    show: (line: string) => shown.push(line),
  };

  beforeEach(() => {
    shown.length = 0;
  });

  function watched(lines: string[]) {
    const consumer = watchConsumer();
    consumer.expect('key-1');
    lines.forEach(consumer.read);
    return consumer;
  }

  it('shows one line for each message, and counts the duplicates', async () => {
    const consumer = watched([
      logLine('Processing payment'),
      logLine('Processing payment: success'),
      logLine('Duplicate detected, the first result is replayed'),
    ]);
    expect(await consumer.outcomes({ ...options, count: 2 })).toBe(1);
    expect(shown).toEqual([
      expect.stringContaining('success'),
      expect.stringContaining('duplicate detected'),
    ]);
  });

  it('passes over lines that are not about a payment of this run', async () => {
    const strange = ['', 'plain text', '{"msg":', '[1]', 'null', '{"msg":"Duplicate detected"}'];
    const consumer = watched([
      ...strange,
      logLine('Duplicate detected', 'another-run'),
      logLine('Processing payment: success'),
    ]);
    expect(await consumer.outcomes({ ...options, count: 1 })).toBe(0);
  });

  it('waits for what has not happened yet', async () => {
    const consumer = watched([]);
    const counting = consumer.outcomes({ ...options, count: 1 });
    consumer.read(logLine('Duplicate detected'));
    expect(await counting).toBe(1);
  });

  it('shows the last words of a service that ended before it was done', async () => {
    const consumer = watched([logLine('Processing payment: success')]);
    const counting = consumer.outcomes({ ...options, count: 6, isAlive: () => false });
    await expect(counting).rejects.toThrow(/reported 1 of 6 messages.*\nthe last words/);
  });
});
