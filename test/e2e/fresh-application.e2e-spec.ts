import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ClientProxyFactory, Transport } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { AmqpSession } from '../support/amqp-session';
import { eventually } from '../support/eventually';
import { FreshApplication } from '../support/fresh-application';
import { given, onVhost, ownDatabase, vhostName } from '../support/isolation';
import { Management } from '../support/management';
import { freshDatabase } from '../support/postgres';
import { poolAt } from '../support/postgres-pool';

const WRONG_OPTIONS = `
import { Idempotent } from 'nestjs-idempotent';
export class Wrong {
  @Idempotent({ scope: 7 }) a() {}
  @Idempotent({ fingerprint: true }) b() {}
  @Idempotent({ scope: 'x', whenInProgress: 'sometimes' }) c() {}
  @Idempotent({ scope: 'x', leaseSeconds: 5 }) d() {}
  @Idempotent({ scope: 'x', key: 5 }) e() {}
}
`;

describe('the examples of the manual, in an application with the packed module', () => {
  const vhost = vhostName();
  const rabbitmqUrl = onVhost(given('RABBITMQ_URL'), vhost);
  const management = new Management(given('RABBITMQ_MANAGEMENT_URL'));
  const broker = new AmqpSession(rabbitmqUrl);
  let app: FreshApplication;
  let url: string;

  beforeAll(async () => {
    await management.createVhost(vhost);
    app = await FreshApplication.install();
    const complaints = await app.compile();
    if (complaints) throw new Error(complaints);
    url = await app.start({ RABBITMQ_URL: rabbitmqUrl, REDIS_URL: ownDatabase(given('REDIS_URL')) });
  }, 240_000);
  afterAll(async () => {
    await app.remove();
    await broker.close();
    await management.deleteVhost(vhost);
  });

  it('has one copy of NestJS, that of the application', async () => {
    const nested = await readdir(
      join(app.folder, 'node_modules/nestjs-idempotent/node_modules/@nestjs'),
    ).catch(() => []);
    expect(nested).not.toContain('core');
  });

  it('adds one line to the cart for two identical clicks', async () => {
    const click = () =>
      fetch(`${url}/cart`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'click' },
        body: JSON.stringify({ sku: 'A1', quantity: 1 }),
      });
    const answers = [await click(), await click()];
    expect(await Promise.all(answers.map((answer) => answer.json()))).toEqual([{ lines: 1 }, { lines: 1 }]);
    expect(app.effects('cart', 'A1')).toBe(1);
  });

  describe('the orders of two users', () => {
    const post = async (path: string, headers: Record<string, string>, body = {}) => {
      const answer = await fetch(`${url}/orders${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
      return [answer.status, await answer.json()] as const;
    };

    it('may have the same key; one without a user is refused', async () => {
      const place = (user: Record<string, string>) =>
        post('', { 'idempotency-key': 'order', ...user }, { sku: 'B2' });
      expect([
        await place({ 'x-user': 'anna' }),
        await place({ 'x-user': 'bert' }),
        await place({ 'x-user': 'anna' }),
      ]).toEqual([
        [201, { number: 1 }],
        [201, { number: 2 }],
        [201, { number: 1 }],
      ]);
      expect(await place({})).toEqual([400, expect.objectContaining({ code: 'invalid-request' })]);
    });

    it('are told apart by their address', async () => {
      const pay = (id: string) => post(`/${id}/payment`, { 'idempotency-key': 'pay', 'x-user': 'anna' });
      expect(await pay('1')).toEqual([201, { paid: '1' }]);
      expect(await pay('2')).toEqual([422, expect.objectContaining({ code: 'idempotency-key-reused' })]);
    });

    it('need no key for what changes nothing', async () => {
      expect(await post('/price', {}, { sku: 'B2' })).toEqual([201, { price: 2 }]);
    });

    it('are shipped once, in batches, however often they are published', async () => {
      await post('/7/payment', { 'idempotency-key': 'pay-7', 'x-user': 'anna' });
      const again = await broker.publishing();
      for (const id of ['7', '8', '7', '8'])
        again.publish('shop', 'order.paid', Buffer.from(JSON.stringify({ id })), {
          headers: { 'idempotency-key': `paid-${id}` },
        });
      await again.waitForConfirms();
      await eventually(
        async () =>
          (await management.queues(vhost)).every((queue) => queue['messages'] === 0) &&
          app.effects('shipment', '8') === 1,
      );
      expect([app.effects('shipment', '7'), app.effects('shipment', '8')]).toEqual([1, 1]);
    });
  });

  it('reserves once for a checkout whose charge fails the first time', async () => {
    const buy = () =>
      fetch(`${url}/checkout`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'buy' },
        body: JSON.stringify({ sku: 'D4' }),
      });
    const [failed, bought, again] = [await buy(), await buy(), await buy()];
    expect(failed.status).toBe(503);
    const answer = { sku: 'D4', reserved: 1, charged: 1 };
    expect([await bought.json(), await again.json()]).toEqual([answer, answer]);
    expect([app.effects('reserve', 'buy:reserve'), app.effects('charge', 'buy:charge')]).toEqual([1, 1]);
  });

  it("adds one line for a client's operation that is sent by two processes", async () => {
    const item = JSON.stringify({ key: randomUUID(), sku: 'C3' });
    const add = () =>
      app.evaluate(
        `require('./dist/cart.client.js').addToCart('${url}', ${item}).then((outcome) => console.log(outcome))`,
      );
    expect([await add(), await add()]).toEqual(['added', 'added']);
    expect(app.effects('cart', 'C3')).toBe(1);
  });

  it('sends one e-mail for a message that is delivered twice', async () => {
    const key = randomUUID();
    const channel = await broker.publishing();
    const headers = { 'idempotency-key': key };
    for (const id of [key, key])
      channel.publish('shop', 'order.shipped', Buffer.from(JSON.stringify({ id })), { headers });
    await channel.waitForConfirms();
    await eventually(async () =>
      (await management.queues(vhost)).every(
        (queue) => queue['messages'] === 0 && app.effects('mail', key) === 1,
      ),
    );
    expect(app.effects('mail', key)).toBe(1);
  });

  it('answers a repeated request and handles a repeated event once', async () => {
    const client = ClientProxyFactory.create({
      transport: Transport.RMQ,
      options: { urls: [rabbitmqUrl], queue: 'shop.patterns', queueOptions: { durable: true } },
    });
    const id = randomUUID();
    for (let copy = 0; copy < 2; copy++) await firstValueFrom(client.emit('stock.moved', { id }));
    const counts = [0, 1].map(() => firstValueFrom(client.send<{ count: number }>('stock.count', { id })));
    expect(await Promise.all(counts)).toEqual([{ count: 1 }, { count: 1 }]);
    await client.close();
    expect([app.effects('stock', id), app.effects('count', id)]).toEqual([1, 1]);
  });

  it('runs plain work once', () => {
    expect(app.output).toContain('invoices executed, replayed');
    expect(app.effects('invoice', '2026-11')).toBe(1);
  });

  it('its tests of a handler and a store pass without a server', async () => {
    expect(await app.test()).toBe('');
  }, 120_000);

  it('moves money once, in the transaction of its record', async () => {
    const database = await freshDatabase();
    const pool = poolAt(database.url);
    await pool.query('CREATE TABLE accounts (id text PRIMARY KEY, balance integer NOT NULL)');
    await pool.query("INSERT INTO accounts VALUES ('anna', 100), ('bert', 0)");
    const bank = await app.start({ DATABASE_URL: database.url }, 'dist/bank/main.js');
    const transfer = async (cents: number) => {
      const answer = await fetch(`${bank}/transfers`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': `transfer-${cents}` },
        body: JSON.stringify({ from: 'anna', to: 'bert', cents }),
      });
      return [answer.status, await answer.json()];
    };
    expect([await transfer(30), await transfer(30)]).toEqual([
      [201, { balance: 70 }],
      [201, { balance: 70 }],
    ]);
    expect(await transfer(1_000)).toEqual([
      422,
      expect.objectContaining({ message: expect.stringContaining('anna') }),
    ]);
    const { rows } = await pool.query('SELECT id, balance FROM accounts ORDER BY id');
    expect(rows).toEqual([
      { id: 'anna', balance: 70 },
      { id: 'bert', balance: 30 },
    ]);
    await pool.end();
    await database.drop();
  }, 60_000);

  it('does not compile with wrong options', async () => {
    await app.write('src/wrong-options.ts', WRONG_OPTIONS);
    const wrongLines = [...(await app.compile()).matchAll(/wrong-options\.ts\((\d+)/g)].map(([, line]) =>
      Number(line),
    );
    expect([...new Set(wrongLines)]).toEqual([4, 5, 6, 7, 8]);
  }, 60_000);
});
