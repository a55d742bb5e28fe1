import { AmqpSession } from '../support/amqp-session';
import { DeadLettersCommand } from '../support/dead-letters-command';
import { eventually } from '../support/eventually';
import { aPayment, gatewayKey } from '../support/payments';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';
import type { World } from '../support/world';

/** One dead letter after the other, so that their order is known. */
async function deadLetter(world: World, publish: () => Promise<void>): Promise<void> {
  const before = await world.broker.depth(deadLetterQueue);
  await publish();
  await world.broker.waitForDeadLetters(before + 1);
}

async function bodiesInQueue(world: World): Promise<string[]> {
  return (await world.broker.deadLetters()).map(({ body }) => body.toString());
}

describe('looking at dead letters', () => {
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

  it('shows reason, key and attempts of each, the oldest first', async () => {
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

  it('shows the same to people', async () => {
    const { code, output } = await command.run('list');
    expect(code).toBe(0);
    expect(output).toMatch(
      new RegExp(`no-key|null.*\n.*\n.*retries-exhausted +"${exhausted.idempotencyKey}".* 2 attempts\n`),
    );
    expect(output).toMatch(/\n3 in total$/);
  });

  it('shows as many as one asks for, and says that there are more', async () => {
    const { output } = await command.run('list', '--limit', '1');
    expect(output).toMatch(/invalid-message[^]*\n3 in total, 2 not shown \(--limit\)$/);
    expect(output).not.toContain('retries-exhausted');
  });

  it('shows one of them whole', async () => {
    const id = await command.idOf({ idempotencyKey: negative.idempotencyKey });
    expect(await command.json('show', id)).toMatchObject({
      id,
      reason: 'invalid-message',
      headers: { 'x-order': 17, 'idempotency-key': negative.idempotencyKey },
      body: JSON.stringify(negative),
    });
  });

  it('shows the same 25 times in a row, and afterwards all is there and in order', async () => {
    const first = await world.service.get('/dead-letters');
    for (let time = 2; time <= 25; time++) {
      expect(await world.service.get('/dead-letters')).toEqual(first);
    }
    expect(await command.json('list')).toEqual(first.body);
    expect(await bodiesInQueue(world)).toEqual(bodies);
  });

  it('drops the one that is named, and nothing else', async () => {
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

describe('a dead letter that came from anywhere', () => {
  const world = useWorld();
  const command = new DeadLettersCommand(() => world.broker);

  it('cannot tell a terminal what to do', async () => {
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
    // eslint and people alike: a control character other than a line break has no business in there.
    expect([...(await command.run('list')).output, ...output].filter((c) => c < ' ' && c !== '\n')).toEqual(
      [],
    );
  });

  it('may have a time stamp that is no time, without hiding the others', async () => {
    await world.broker.publish('no JSON', { properties: { timestamp: 2 ** 53 - 1 } });
    await world.broker.waitForDeadLetters(2);
    expect(await command.list()).toHaveLength(2);
  });
});

describe('somebody else reads the dead letters', () => {
  const world = useWorld();
  const command = new DeadLettersCommand(() => world.broker);

  it('is said to the second one, who reads them when the first is done', async () => {
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

describe('a command that cannot be done', () => {
  const world = useWorld();
  const command = new DeadLettersCommand(() => world.broker);

  it.each([['show'], ['replay'], ['drop']])(
    '%s ends with code 1 for an id that nothing has',
    async (name) => {
      expect(await command.run(name, 'c0ffee')).toEqual({
        code: 1,
        output: "no dead letter has the id 'c0ffee'; list them to see the ids",
      });
    },
  );

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

  it('ends with code 0 when only help was wanted', async () => {
    expect(await command.run('--help')).toEqual({ code: 0, output: expect.stringContaining('replay --all') });
  });

  it('says so when there are none', async () => {
    expect(await command.run('list')).toEqual({ code: 0, output: 'no dead letters' });
    expect(await command.run('replay', '--all')).toEqual({ code: 0, output: '0 replayed' });
  });
});
