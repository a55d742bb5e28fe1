import { AmqpSession } from '../support/amqp-session';
import { NodeProcess } from '../support/child-process';
import { aPayment, gatewayKey } from '../support/payments';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';

const KB = 1_024;
const MB = 1_024 * KB;
/** Above the limit for one log line, since a message may be logged in more than one line. */
const LOG_OF_A_MESSAGE = 24 * KB;

/** Each of about 57 kB. */
const hostile = [
  {
    what: 'thousands of unknown fields',
    body: JSON.stringify(Object.fromEntries(Array.from({ length: 6_000 }, (_, i) => [`f${i}`, 1]))),
  },
  {
    what: 'a few hundred unknown fields with long names',
    body: JSON.stringify(
      Object.fromEntries(Array.from({ length: 450 }, (_, i) => [`f${i}${'x'.repeat(110)}`, 1])),
    ),
  },
  { what: 'one long text', body: JSON.stringify(aPayment({ paymentId: 'x'.repeat(57_000) })) },
  { what: 'no JSON', body: '\\"'.repeat(28_000) },
  { what: 'a long key', body: JSON.stringify(aPayment({ idempotencyKey: 'k'.repeat(57_000) })) },
  {
    what: 'terminal controls in every field',
    body: JSON.stringify(aPayment({ paymentId: '\u001b[2J\u009b\u202e\n{"level":"error"}'.repeat(1_000) })),
  },
];

describe('one message', () => {
  const world = useWorld();

  it.each(hostile)('writes at most two maximum log lines: $what', async ({ body }) => {
    const before = world.service.output.length;
    const headers = { 'idempotency-key': `key-${before}`, 'x-own': 'h'.repeat(5_000) };
    await world.broker.publish(body, {
      headers,
      properties: { messageId: '\u202e\u009b31m'.repeat(20), type: 't'.repeat(200) },
    });
    await world.broker.waitForDeadLetters(1);
    const later = aPayment();
    await world.broker.publishPayment(later);
    await world.service.completedPayment(later.idempotencyKey);
    const written = world.service.output.slice(before);
    expect(written.length).toBeLessThan(LOG_OF_A_MESSAGE);
    expect(written.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    await world.broker.takeDeadLetters(() => undefined);
  });
});

describe('a message of more than MESSAGE_MAX_BYTES', () => {
  const world = useWorld({ services: 0 });
  /** A valid payment with a body of this many bytes. */
  const sized = (bytes: number) => {
    const payment = aPayment();
    return { payment, body: JSON.stringify(payment).padEnd(bytes, ' ') };
  };

  it.each([{ limit: 64 * KB }, { set: 300, limit: 300 }, { set: MB, limit: MB }])(
    'is a dead letter without being parsed: $limit bytes are charged, one more is not',
    async ({ set, limit }) => {
      const env: Record<string, string> = set === undefined ? {} : { MESSAGE_MAX_BYTES: String(set) };
      const service = await world.startService({ env });
      const [largest, larger] = [sized(limit), sized(limit + 1)];
      await world.broker.publish(larger.body);
      await world.broker.publish(largest.body);
      await service.completedPayment(largest.payment.idempotencyKey);
      expect(await world.broker.waitForDeadLetters(1)).toMatchObject([
        {
          reason: 'invalid-message',
          detail: `the body has ${limit + 1} bytes, ${limit} are allowed (MESSAGE_MAX_BYTES)`,
        },
      ]);
      expect(await world.sandbox.chargesFor(gatewayKey(larger.payment))).toEqual([]);
      await world.broker.takeDeadLetters(() => undefined);
      await service.terminate();
    },
  );
});

describe('dead letters of 1 MB', () => {
  const world = useWorld({ services: 0 });
  // Node.js frees buffers late: about 95 MB are held at the peak, however many letters there are.
  const count = 300;
  const printsPeak =
    'data:text/javascript,process.on("exit",()=>console.error(`peak ${process.resourceUsage().maxRSS}`))';

  /** The peak memory, in bytes, of the command that lists one of them. */
  async function peakOfList(): Promise<number> {
    const tool = new NodeProcess('dist/operations/dead-letters/main.js', {
      name: 'dead-letters',
      env: { RABBITMQ_URL: world.broker.url },
      args: ['list', '--limit', '1'],
      nodeArgs: ['--import', printsPeak],
    });
    expect(await tool.exited).toMatchObject({ code: 0 });
    return Number(/^peak (\d+)$/m.exec(tool.output)?.[1]) * KB;
  }

  it('are read a few at a time: the command never holds many of them', async () => {
    const service = await world.startService();
    await service.terminate();
    const few = await peakOfList();
    const session = new AmqpSession(world.broker.url);
    const channel = await session.publishing();
    for (let number = 0; number < count; number++) {
      channel.sendToQueue(deadLetterQueue, Buffer.alloc(MB, 'x'), { persistent: true });
      if (number % 10 === 9) await channel.waitForConfirms();
    }
    await session.close();
    expect(await world.broker.depth(deadLetterQueue)).toBe(count);
    expect(await peakOfList()).toBeLessThan(few + (count * MB) / 2);
    expect(await world.broker.depth(deadLetterQueue)).toBe(count);
  });
});
