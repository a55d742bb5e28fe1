import { AmqpSession } from '../support/amqp-session';
import { DeadLettersCommand } from '../support/dead-letters-command';
import { eventually } from '../support/eventually';
import { aPayment, gatewayKey } from '../support/payments';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';
import type { World } from '../support/world';

/** Waits for each dead letter before the next, so that their order is known. */
async function deadLetter(world: World, publish: () => Promise<void>): Promise<void> {
  const before = await world.broker.depth(deadLetterQueue);
  await publish();
  await world.broker.waitForDeadLetters(before + 1);
}

async function bodiesInQueue(world: World): Promise<string[]> {
  return (await world.broker.deadLetters()).map(({ body }) => body.toString());
}

describe('reading dead letters', () => {
  const world = useWorld({ env: { PAYMENT_MAX_ATTEMPTS: '2' } });
  const command = new DeadLettersCommand(() => world.broker);
  const negative = aPayment({ amount: -1 });
  const exhausted = aPayment();
  const timestamp = Math.floor(Date.now() / 1000) - 60;
  let bodies: string[];

  beforeAll(async () => {
    await world.sandbox.fault({
      kind: 'error-500-unstored',
      times: 0,
      matching: { idempotencyKey: gatewayKey(exhausted) },
    });
    await deadLetter(world, () => world.broker.publish('no JSON'));
    await deadLetter(world, () => world.broker.publishPayment(exhausted, { properties: { timestamp } }));
    await deadLetter(world, () => world.broker.publishPayment(negative, { headers: { 'x-order': 17 } }));
    bodies = await bodiesInQueue(world);
  });

  it('lists reason, key and attempts of each, the oldest first', async () => {
    expect(await command.json('list')).toMatchObject({
      total: 3,
      deadLetters: [
        { reason: 'invalid-message', attempts: 0, detail: 'the body is not JSON' },
        {
          reason: 'retries-exhausted',
          attempts: 2,
          idempotencyKey: exhausted.idempotencyKey,
          publishedAt: new Date(timestamp * 1000).toISOString(),
        },
        { reason: 'invalid-message', attempts: 0, idempotencyKey: negative.idempotencyKey },
      ],
    });
  });

  it('prints the same as text', async () => {
    const { code, output } = await command.run('list');
    expect(code).toBe(0);
    expect(output).toMatch(
      new RegExp(`no-key|null.*\n.*\n.*retries-exhausted +"${exhausted.idempotencyKey}".* 2 attempts\n`),
    );
    expect(output).toMatch(/\n3 in total$/);
  });

  it('lists no more than --limit, and says how many are not shown', async () => {
    const { output } = await command.run('list', '--limit', '1');
    expect(output).toMatch(/invalid-message[^]*\n3 in total, 2 not shown \(--limit\)$/);
    expect(output).not.toContain('retries-exhausted');
  });

  it('shows one completely', async () => {
    const id = await command.idOf({ idempotencyKey: negative.idempotencyKey });
    expect(await command.json('show', id)).toMatchObject({
      id,
      reason: 'invalid-message',
      headers: { 'x-order': 17, 'idempotency-key': negative.idempotencyKey },
      body: JSON.stringify(negative),
    });
  });

  it('shows the same 25 times in a row, and afterwards all are still there and in order', async () => {
    const first = await world.service.get('/dead-letters');
    for (let time = 2; time <= 25; time++) {
      expect(await world.service.get('/dead-letters')).toEqual(first);
    }
    expect(await command.json('list')).toEqual(first.body);
    expect(await bodiesInQueue(world)).toEqual(bodies);
  });

  it('drops only the one with the given id', async () => {
    const id = await command.idOf({ reason: 'retries-exhausted' });
    expect(await command.run('drop', id)).toMatchObject({
      code: 0,
      output: expect.stringMatching(`^dropped ${id}`),
    });
    const [first, , last] = bodies;
    expect(await bodiesInQueue(world)).toEqual([first, last]);
    expect(await command.run('show', id)).toMatchObject({ code: 1, output: expect.stringContaining(id) });
  });
});

describe('a dead letter with hostile content', () => {
  const world = useWorld();
  const command = new DeadLettersCommand(() => world.broker);

  it('cannot send control characters to a terminal', async () => {
    const session = new AmqpSession(world.broker.url);
    const headers = {
      'idempotency-key': '\u001b[31mkey',
      'x-dead-letter-reason': '\u001b[2Jreason',
      'x-dead-letter-detail': '\u001b]0;title\u0007 two\nlines',
    };
    await session.withChannel(async (channel) => {
      channel.sendToQueue(deadLetterQueue, Buffer.from('\u001b[2J'), { headers });
      await eventually(async () => (await world.broker.depth(deadLetterQueue)) === 1);
    });
    await session.close();
    const [letter] = await command.list();
    const { output } = await command.run('show', String(letter?.id));
    // No control character except a line break may reach the terminal.
    expect([...(await command.run('list')).output, ...output].filter((c) => c < ' ' && c !== '\n')).toEqual(
      [],
    );
  });

  it('with an impossible timestamp does not hide the others', async () => {
    await world.broker.publish('no JSON', { properties: { timestamp: 2 ** 53 - 1 } });
    await world.broker.waitForDeadLetters(2);
    expect(await command.list()).toHaveLength(2);
  });
});

describe('another process reads the dead letters', () => {
  const world = useWorld();
  const command = new DeadLettersCommand(() => world.broker);

  it('the second reader gets an error, and can read them once the first has finished', async () => {
    await deadLetter(world, () => world.broker.publish('no JSON'));
    const session = new AmqpSession(world.broker.url);
    await session.withChannel(async (reading) => {
      await reading.consume(deadLetterQueue, () => undefined, { exclusive: true });
      expect(await command.run('list')).toEqual({
        code: 1,
        output: expect.stringContaining('another process is reading the dead letters'),
      });
      expect(await world.service.get('/dead-letters')).toMatchObject({ status: 409 });
    });
    await session.close();
    expect(await command.list()).toMatchObject([{ reason: 'invalid-message' }]);
  });
});

describe('npm run dead-letters: wrong or empty input', () => {
  const world = useWorld();
  const command = new DeadLettersCommand(() => world.broker);

  it.each([['show'], ['replay'], ['drop']])('%s ends with code 1 for an unknown id', async (name) => {
    expect(await command.run(name, 'c0ffee')).toEqual({
      code: 1,
      output: "no dead letter has the id 'c0ffee'; list them to see the ids",
    });
  });

  it.each([
    { args: [], problem: 'a command is missing' },
    { args: ['delete'], problem: "unknown command 'delete'" },
    { args: ['show'], problem: 'the id of a dead letter is missing' },
    { args: ['replay'], problem: 'the id of a dead letter is missing' },
    { args: ['drop'], problem: 'the id of a dead letter is missing' },
    { args: ['list', '--limit', '0'], problem: '--limit takes a whole number from 1' },
    { args: ['list', '--limit', 'many'], problem: '--limit takes a whole number from 1' },
    { args: ['list', '--everything'], problem: '--everything' },
  ])('$args ends with code 2 and the help', async ({ args, problem }) => {
    const { code, output } = await command.run(...args);
    expect(code).toBe(2);
    expect(output).toContain(problem);
    expect(output).toContain('replay --all');
  });

  it('--help ends with code 0', async () => {
    expect(await command.run('--help')).toEqual({ code: 0, output: expect.stringContaining('replay --all') });
  });

  it('list and replay say that there are no dead letters', async () => {
    expect(await command.run('list')).toEqual({ code: 0, output: 'no dead letters' });
    expect(await command.run('replay', '--all')).toEqual({ code: 0, output: '0 replayed' });
  });
});
