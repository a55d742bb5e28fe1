import { watchConsumer } from '../../../scripts/demo/consumer';

const logLine = (msg: string, key = 'key-1', paymentId = 'PAY-001'): string =>
  JSON.stringify({ level: 'info', msg, paymentId, idempotencyKey: key });

describe('the demo, which reads from the service’s log what the consumer did', () => {
  const shown: string[] = [];
  const options = {
    isAlive: () => true,
    log: () => 'the last line',
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

  it('ignores lines that are not about a payment of this run', async () => {
    const otherLines = ['', 'plain text', '{"msg":', '[1]', 'null', '{"msg":"Duplicate detected"}'];
    const consumer = watched([
      ...otherLines,
      logLine('Duplicate detected', 'another-run'),
      logLine('Processing payment: success'),
    ]);
    expect(await consumer.outcomes({ ...options, count: 1 })).toBe(0);
  });

  it('waits for lines that are not logged yet', async () => {
    const consumer = watched([]);
    const counting = consumer.outcomes({ ...options, count: 1 });
    consumer.read(logLine('Duplicate detected'));
    expect(await counting).toBe(1);
  });

  it('shows the last log lines of a service that ended early', async () => {
    const consumer = watched([logLine('Processing payment: success')]);
    const counting = consumer.outcomes({ ...options, count: 6, isAlive: () => false });
    await expect(counting).rejects.toThrow(/reported 1 of 6 messages.*\nthe last line/);
  });
});
