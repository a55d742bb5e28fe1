import { AmqpSession } from '../support/amqp-session';
import { DeadLettersCommand } from '../support/dead-letters-command';
import { isJsonObject } from '../support/json';
import { deadLetterQueue, workQueue } from '../support/topology';
import { useWorld } from '../support/world';
import type { World } from '../support/world';

/** More than AMQP can count in a prefetch (65,535). */
const MORE_THAN_A_PREFETCH = 66_000;
/** More than the reader takes at once, and more than RabbitMQ alone keeps in order. */
const SOME_WINDOWS = 2_500;
const UNCONFIRMED = 2_000;
/** Takes some seconds on an idle machine. */
const LONG_MS = 240_000;

const keyOf = (number: number) => `key-${number}`;

/** Declares the topology by a service that is then stopped, and fills the dead-letter queue. */
async function fill(world: World, count: number): Promise<void> {
  const service = await world.startService();
  await service.terminate();
  const session = new AmqpSession(world.broker.url);
  const channel = await session.publishing();
  for (let number = 0; number < count; number++) {
    const headers = { 'idempotency-key': keyOf(number), 'x-dead-letter-reason': 'retries-exhausted' };
    channel.sendToQueue(deadLetterQueue, Buffer.from('{}'), { headers, persistent: true });
    if (number % UNCONFIRMED === 0) await channel.waitForConfirms();
  }
  await channel.waitForConfirms();
  await session.close();
}

async function keysInOrder(command: DeadLettersCommand): Promise<unknown[]> {
  const list = await command.json('list', '--limit', String(MORE_THAN_A_PREFETCH));
  if (!isJsonObject(list) || !Array.isArray(list.deadLetters)) throw new Error('the command printed no list');
  return list.deadLetters.filter(isJsonObject).map(({ idempotencyKey }) => idempotencyKey);
}

async function takeAll(world: World, queue: string): Promise<unknown[]> {
  const session = new AmqpSession(world.broker.url);
  const keys = await session.withChannel(async (channel) => {
    const found: unknown[] = [];
    const total = await world.broker.depth(queue);
    await new Promise<void>((all) => {
      void channel.consume(
        queue,
        (message) => {
          found.push(message?.properties.headers?.['idempotency-key']);
          if (found.length === total) all();
        },
        { noAck: true },
      );
    });
    return found;
  });
  await session.close();
  return keys;
}

const upTo = (count: number) => Array.from({ length: count }, (_, number) => keyOf(number));

describe('more dead letters than the client reads at once', () => {
  const world = useWorld({ services: 0 });
  const command = new DeadLettersCommand(
    () => world.broker,
    () => world.redis,
  );

  beforeAll(() => fill(world, SOME_WINDOWS), LONG_MS);

  it('keep their order each time they are listed', async () => {
    for (const look of ['list', 'list']) {
      expect(await command.run(look, '--limit', '1')).toMatchObject({ code: 0 });
    }
    expect(await keysInOrder(command)).toEqual(upTo(SOME_WINDOWS));
  });

  it('lose only the one that is dropped, at any position', async () => {
    const last = keyOf(SOME_WINDOWS - 1);
    const list = await command.json('list', '--limit', String(SOME_WINDOWS));
    const letters = isJsonObject(list) && Array.isArray(list.deadLetters) ? list.deadLetters : [];
    const id = letters.filter(isJsonObject).find(({ idempotencyKey }) => idempotencyKey === last)?.id;
    expect(await command.run('drop', String(id))).toMatchObject({ code: 0 });
    expect(await keysInOrder(command)).toEqual(upTo(SOME_WINDOWS - 1));
  });

  it('are all replayed, each once and in order', async () => {
    expect(await command.run('replay', '--all')).toMatchObject({
      code: 0,
      output: expect.stringMatching(new RegExp(`^${SOME_WINDOWS - 1} replayed$`, 'm')),
    });
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
    expect(await takeAll(world, workQueue)).toEqual(upTo(SOME_WINDOWS - 1));
  });
});

describe('more dead letters than a prefetch can count', () => {
  const world = useWorld({ services: 0 });
  const command = new DeadLettersCommand(() => world.broker);

  beforeAll(() => fill(world, MORE_THAN_A_PREFETCH), LONG_MS);

  it(
    'can be listed, and afterwards all are still there and in order',
    async () => {
      const { code, output } = await command.run('list', '--limit', '1');
      expect({ code, output }).toEqual({
        code: 0,
        output: expect.stringMatching(/"key-0"[^]*\n66000 in total, 65999 not shown \(--limit\)$/),
      });
      expect(await keysInOrder(command)).toEqual(upTo(MORE_THAN_A_PREFETCH));
    },
    LONG_MS,
  );
});
