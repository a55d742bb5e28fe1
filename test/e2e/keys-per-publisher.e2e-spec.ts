import { randomUUID } from 'node:crypto';
import { AmqpSession } from '../support/amqp-session';
import { DeadLettersCommand } from '../support/dead-letters-command';
import { eventually } from '../support/eventually';
import { given } from '../support/isolation';
import { asUser, Management, vhostOf } from '../support/management';
import { aPayment } from '../support/payments';
import type { Payment } from '../support/payments';
import { ReconcileCommand } from '../support/reconcile-command';
import { exchange, keyHeader, routingKey } from '../support/topology';
import { useWorld } from '../support/world';

const PASSWORD = 'published';
const settings = { KEYS_PER_PUBLISHER: 'true' };

/** A publisher: a RabbitMQ user that may publish requests and sets its `user_id`. */
class Shop {
  readonly user = `shop:${randomUUID()}`;
  private session: AmqpSession | undefined;

  constructor(private readonly management: Management) {}

  async open(url: string): Promise<void> {
    const permissions = { configure: '^$', write: '^payments$', read: '^$' };
    await this.management.createUser(this.user, { password: PASSWORD, vhost: vhostOf(url), permissions });
    this.session = new AmqpSession(asUser(url, { user: this.user, password: PASSWORD }));
  }

  async close(): Promise<void> {
    await this.session?.close();
    await this.management.deleteUser(this.user);
  }

  /** Sends its own user id, which the broker checks; a test may pass another, or '' for none. */
  async publish(payment: Payment, userId: string | undefined = this.user): Promise<void> {
    const channel = await this.session?.publishing();
    channel?.publish(exchange, routingKey, Buffer.from(JSON.stringify(payment)), {
      ...(userId !== '' && { userId }),
      persistent: true,
      timestamp: Math.floor(Date.now() / 1000),
      headers: { [keyHeader]: payment.idempotencyKey },
    });
    await channel?.waitForConfirms();
  }

  keyOf({ idempotencyKey }: Payment): string {
    return `${encodeURIComponent(this.user)}:${idempotencyKey}`;
  }
}

describe('keys with KEYS_PER_PUBLISHER on, for publishers who do not trust each other', () => {
  const world = useWorld({ env: settings });
  const management = new Management(given('RABBITMQ_MANAGEMENT_URL'));
  const [first, second] = [new Shop(management), new Shop(management)];
  const tool = new DeadLettersCommand(
    () => world.broker,
    () => world.redis,
  );

  beforeAll(async () => {
    await first.open(world.broker.url);
    await second.open(world.broker.url);
  });
  afterAll(async () => {
    await first.close();
    await second.close();
  });

  const untilRecorded = (shop: Shop, payment: Payment) =>
    eventually(async () => (await world.redis.record(shop.keyOf(payment))) !== undefined, {
      withinMs: 30_000,
    });
  const chargesOf = (shop: Shop, payment: Payment) =>
    world.sandbox.chargesFor(`payment:${shop.keyOf(payment)}`);

  it('are different for two publishers with the same text: both payments are charged, each once', async () => {
    const idempotencyKey = randomUUID();
    const [mine, theirs] = [aPayment({ idempotencyKey, amount: 1 }), aPayment({ idempotencyKey, amount: 2 })];
    for (const [shop, payment] of [
      [first, mine],
      [second, theirs],
      [first, mine],
      [second, theirs],
    ] as const)
      await shop.publish(payment);
    await untilRecorded(first, mine);
    await untilRecorded(second, theirs);
    await eventually(() => world.broker.isDrained());
    expect(await chargesOf(first, mine)).toMatchObject([{ amount: 100 }]);
    expect(await chargesOf(second, theirs)).toMatchObject([{ amount: 200 }]);
    expect(await world.broker.depth('payments.dead-letter')).toBe(0);
  });

  it("stay the publisher's after a delay: the copy is charged under the key of the first attempt", async () => {
    const payment = aPayment();
    // The gateway charges but its answer is lost: another key would make another charge.
    await world.sandbox.fault({ kind: 'drop-after', times: 1 });
    await first.publish(payment);
    await untilRecorded(first, payment);
    expect(await chargesOf(first, payment)).toHaveLength(1);
    expect(await world.sandbox.charges()).not.toContainEqual(
      expect.objectContaining({ idempotencyKey: `payment:${payment.idempotencyKey}` }),
    );
  });

  it("stay the publisher's when a dead letter is replayed", async () => {
    const payment = aPayment();
    await world.sandbox.fault({ kind: 'error-500', times: 1, status: 500 });
    await first.publish(payment);
    await world.broker.waitForDeadLetters(1);
    const [letter] = await tool.list();
    expect(letter).toMatchObject({ publisher: first.user, idempotencyKey: payment.idempotencyKey });
    const reconciled = await new ReconcileCommand(world).run(['--json'], settings);
    expect(JSON.parse(reconciled.output)).toMatchObject({ payments: { 'dead-letter': 1 }, broken: [] });
    await world.sandbox.fault({ kind: 'forget-keys' });
    expect(await tool.run('replay', '--all')).toMatchObject({ code: 0 });
    await untilRecorded(first, payment);
    expect(await chargesOf(first, payment)).toHaveLength(1);
  });

  it('are rejected without a user_id: invalid-message, no charge', async () => {
    const payment = aPayment();
    await first.publish(payment, '');
    const [letter] = await world.broker.waitForDeadLetters(1);
    expect(letter).toMatchObject({ reason: 'invalid-message', detail: expect.stringContaining('user_id') });
    await world.broker.takeDeadLetters(() => undefined);
  });

  it('cannot be used in the name of another user: the broker refuses the message', async () => {
    const session = new AmqpSession(asUser(world.broker.url, { user: first.user, password: PASSWORD }));
    const channel = await session.newChannel();
    const refusal = new Promise<unknown>((resolve) => channel.once('error', resolve));
    channel.publish(exchange, routingKey, Buffer.from('{}'), { userId: second.user });
    expect(await refusal).toMatchObject({ code: 406 });
    await session.close();
  });

  it('belong to the service for requests over HTTP, and are found under the plain key', async () => {
    const payment = aPayment();
    expect(await world.service.postPayment(payment)).toMatchObject({
      status: 202,
      body: { idempotencyKey: payment.idempotencyKey },
    });
    expect(await world.service.completedPayment(payment.idempotencyKey)).toMatchObject({
      body: { idempotencyKey: payment.idempotencyKey, result: { status: 'succeeded' } },
    });
    expect(await world.redis.record(`guest:${payment.idempotencyKey}`)).toBeDefined();
  });

  it('have at most 255 characters, including the name of the publisher', async () => {
    const payment = aPayment({ idempotencyKey: 'k'.repeat(255) });
    await first.publish(payment);
    expect(await world.broker.waitForDeadLetters(1)).toMatchObject([
      { reason: 'invalid-idempotency-key', detail: expect.stringContaining('publisher') },
    ]);
    await world.broker.takeDeadLetters(() => undefined);
    expect(await world.service.postPayment(payment)).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'idempotencyKey' }] },
    });
  });
});
