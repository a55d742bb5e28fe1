import { randomUUID } from 'node:crypto';
import { firstValueFrom } from 'rxjs';
import { AmqpSession } from '../support/amqp-session';
import { eventually } from '../support/eventually';
import { given, onVhost, ownDatabase, vhostName } from '../support/isolation';
import { Management } from '../support/management';
import { runLabels } from '../support/shop/run-label';
import { Shop } from '../support/shop/shop';

describe('@Idempotent() in an application of its own', () => {
  const vhost = vhostName();
  const rabbitmqUrl = onVhost(given('RABBITMQ_URL'), vhost);
  const management = new Management(given('RABBITMQ_MANAGEMENT_URL'));
  const broker = new AmqpSession(rabbitmqUrl);
  let shop: Shop;
  let key: string;

  beforeAll(async () => {
    await management.createVhost(vhost);
    shop = await Shop.open({ rabbitmqUrl, redisUrl: ownDatabase(given('REDIS_URL')) });
  });
  beforeEach(() => {
    key = randomUUID();
  });
  afterAll(async () => {
    await shop.close();
    await broker.close();
    await management.deleteVhost(vhost);
  });

  async function publish(routingKey: string, headers: Record<string, unknown>, options = {}): Promise<void> {
    const channel = await broker.publishing();
    channel.publish('shop', routingKey, Buffer.from('{"to":"customer"}'), { headers, ...options });
    await channel.waitForConfirms();
  }

  /** Messages that are in the queue or unacknowledged. */
  async function waiting(name: string): Promise<unknown> {
    return (await management.queues(vhost)).find((queue) => queue['name'] === name)?.['messages'];
  }

  describe('on an HTTP controller', () => {
    it('adds one line to the cart for two identical clicks, and answers both alike', async () => {
      const before = shop.ledger.count('cart');
      const click = () => shop.post('cart', { sku: 'A1', quantity: 1 }, { 'idempotency-key': key });
      const first = await click();
      const second = await click();
      expect(shop.ledger.count('cart')).toBe(before + 1);
      expect(await second.text()).toBe(await first.text());
      expect([second.status, second.headers.get('location')]).toEqual([207, '/cart/A1']);
      expect([first, second].map((answer) => answer.headers.get('idempotent-replayed'))).toEqual([
        null,
        'true',
      ]);
    });

    it('lets outer interceptors read the key and the kind of run of each answer', async () => {
      const click = () => shop.post('cart', { sku: 'A1', quantity: 1 }, { 'idempotency-key': key });
      await click();
      await click();
      expect(runLabels.filter((label) => label.endsWith(key))).toEqual([`run of ${key}`, `replay of ${key}`]);
    });

    it('treats a quoted key and the bare key as the same', async () => {
      const before = shop.ledger.count('cart');
      await shop.post('cart', { sku: 'A1', quantity: 1 }, { 'idempotency-key': key });
      await shop.post('cart', { sku: 'A1', quantity: 1 }, { 'idempotency-key': `"${key}"` });
      expect(shop.ledger.count('cart')).toBe(before + 1);
    });

    it('answers 400 problem details without a key, and 422 for another payload', async () => {
      const missing = await shop.post('cart', { sku: 'A1', quantity: 1 });
      expect([missing.status, missing.headers.get('content-type')]).toEqual([
        400,
        'application/problem+json; charset=utf-8',
      ]);
      expect(await missing.json()).toMatchObject({ title: 'Idempotency-Key is missing', status: 400 });
      await shop.post('cart', { sku: 'A1', quantity: 1 }, { 'idempotency-key': key });
      const other = await shop.post('cart', { sku: 'A1', quantity: 2 }, { 'idempotency-key': key });
      expect([other.status, await other.json()]).toEqual([
        422,
        expect.objectContaining({ title: 'Idempotency-Key is already used' }),
      ]);
    });

    it('answers 409 with Retry-After while another process works on the key', async () => {
      await shop.redis.set(`lock:cart:${key}`, 'another process', 'PX', 4_000);
      const inProgress = await shop.post('cart', { sku: 'A1', quantity: 1 }, { 'idempotency-key': key });
      expect([inProgress.status, Number(inProgress.headers.get('retry-after'))]).toEqual([
        409,
        expect.closeTo(4, 0),
      ]);
    });

    it('gives two clicks at the same moment the answer of one run', async () => {
      const before = shop.ledger.count('cart');
      const release = shop.ledger.hold();
      const clicks = Array.from({ length: 5 }, () =>
        shop.post('cart', { sku: 'B2', quantity: 1 }, { 'idempotency-key': key }),
      );
      await eventually(() => shop.ledger.count('cart') === before + 1);
      release();
      const answers = await Promise.all((await Promise.all(clicks)).map((answer) => answer.text()));
      expect([shop.ledger.count('cart'), new Set(answers).size]).toEqual([before + 1, 1]);
    });

    it('runs without a key if the handler allows it', async () => {
      const keyless = await shop.post('optional', {});
      const keyed = await shop.post('optional', {}, { 'idempotency-key': key });
      expect([await keyless.json(), await keyed.json()]).toEqual([{ key: null }, { key }]);
    });

    it('passes key, attempt, fencing token and an unaborted signal to the handler', async () => {
      await shop.post('cart', { sku: 'A1', quantity: 1 }, { 'idempotency-key': key });
      const context = shop.ledger.contexts.at(-1);
      expect(context).toMatchObject({ scope: 'cart', key, attempt: 1, fencingToken: 1, replayed: false });
      expect(context?.signal.aborted).toBe(false);
    });

    it('stores the errors that the handler declares final, and answers duplicates with them', async () => {
      const before = shop.ledger.count('order');
      const order = () => shop.post('order', { order: { id: key, total: 1 }, end: 'not-found' });
      const answers = [await order(), await order()];
      expect(answers.map(({ status }) => status)).toEqual([404, 404]);
      expect(await answers[1]?.json()).toMatchObject({ message: 'no such customer' });
      expect(shop.ledger.count('order')).toBe(before + 1);
    });

    it('runs a failed request again, and counts the attempts', async () => {
      const before = shop.ledger.count('order');
      const order = (end: string) => shop.post('order', { order: { id: key, total: 1 }, end });
      expect((await order('broken')).status).toBe(500);
      expect((await order('fine')).status).toBe(201);
      expect(shop.ledger.count('order')).toBe(before + 2);
      expect(shop.ledger.contexts.at(-1)?.attempt).toBe(2);
    });

    it('lets an invalid request be corrected under the same key', async () => {
      expect((await shop.post('order', { order: { id: key, total: 1 }, end: 'invalid' })).status).toBe(422);
      expect((await shop.post('order', { order: { id: key, total: 2 }, end: 'fine' })).status).toBe(201);
      expect(shop.ledger.contexts.at(-1)).toMatchObject({ attempt: 1, fencingToken: 2 });
    });

    it('compares only what the fingerprint names', async () => {
      const order = (total: number, note: string) =>
        shop.post('order', { order: { id: key, total, note }, end: 'fine' });
      expect((await order(1, 'leave at the door')).status).toBe(201);
      expect((await order(1, 'ring twice')).status).toBe(201);
      expect((await order(2, 'ring twice')).status).toBe(422);
    });

    it('reads a computed key, keeps tenants apart, and restores what was serialized', async () => {
      const before = shop.ledger.count('dated');
      const body = { padding: 'x'.repeat(Math.ceil(Math.random() * 10_000)) };
      const call = (tenant: string) => shop.post('dated', body, { 'x-tenant': tenant });
      const answers = [await call('acme'), await call('acme'), await call('umbrella')];
      expect(await Promise.all(answers.map((answer) => answer.json()))).toEqual(
        Array(3).fill('1970-01-01T00:00:00.000Z'),
      );
      expect(shop.ledger.count('dated')).toBe(before + 2);
    });
  });

  describe('on @RabbitSubscribe and @RabbitRPC', () => {
    it('handles ten deliveries of one message once, and acknowledges all', async () => {
      const before = shop.ledger.count('mail');
      for (let copy = 0; copy < 10; copy++) await publish('mail', { 'idempotency-key': key });
      await eventually(
        () => shop.events.filter((event) => event.key === key && event.kind === 'replayed').length === 9,
      );
      expect(shop.ledger.count('mail')).toBe(before + 1);
      await eventually(async () => (await waiting('shop.mail')) === 0);
    });

    it('answers a repeated call with the first result', async () => {
      const replies = await broker.withChannel(async (channel) => {
        const { queue } = await channel.assertQueue('', { exclusive: true });
        const bodies: string[] = [];
        await channel.consume(queue, (reply) => bodies.push(reply?.content.toString() ?? ''), {
          noAck: true,
        });
        for (let call = 0; call < 3; call++)
          await publish('price', { 'idempotency-key': key }, { replyTo: queue });
        await eventually(() => bodies.length === 3);
        return bodies;
      });
      expect(new Set(replies).size).toBe(1);
    });
  });

  describe('on @EventPattern and @MessagePattern', () => {
    it('handles a repeated event once, and acknowledges it', async () => {
      const before = shop.ledger.count('stock');
      for (let copy = 0; copy < 3; copy++) await firstValueFrom(shop.client.emit('stock.moved', { id: key }));
      await eventually(
        () => shop.events.filter((event) => event.key === key && event.kind === 'replayed').length === 2,
      );
      expect(shop.ledger.count('stock')).toBe(before + 1);
      await eventually(async () => (await waiting('shop.patterns')) === 0);
    });

    it('redelivers an event whose handler failed', async () => {
      const fail = shop.ledger.count('stock') + 1;
      await firstValueFrom(shop.client.emit('stock.moved', { id: key, fail }));
      await eventually(() => shop.events.some((event) => event.key === key && event.kind === 'completed'));
      expect(shop.ledger.count('stock')).toBe(fail + 1);
    });

    it('answers a repeated request with the first result', async () => {
      const ask = () => firstValueFrom(shop.client.send<{ count: number }>('stock.count', { id: key }));
      expect(await ask()).toEqual(await ask());
    });
  });
});
