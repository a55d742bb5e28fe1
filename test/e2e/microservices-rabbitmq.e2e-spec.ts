import { randomUUID } from 'node:crypto';
import type { INestApplication } from '@nestjs/common';
import { ClientProxyFactory, Transport, type ClientProxy } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { IdempotencyModule, MemoryIdempotencyStore } from 'nestjs-idempotent';
import { microservices } from 'nestjs-idempotent/microservices';
import { firstValueFrom } from 'rxjs';
import { AmqpSession } from '../support/amqp-session';
import { eventually } from '../support/eventually';
import { given, onVhost, vhostName } from '../support/isolation';
import { Management } from '../support/management';
import { Billing, Diary, Gate, Shipping, type Parcel } from '../support/transports/parcels';

const QUEUE = 'parcels';
const DEAD_LETTERS = 'parcels.dead';

describe('a message of RabbitMQ for @nestjs/microservices', () => {
  const vhost = vhostName();
  const rabbitmqUrl = onVhost(given('RABBITMQ_URL'), vhost);
  const management = new Management(given('RABBITMQ_MANAGEMENT_URL'));
  const broker = new AmqpSession(rabbitmqUrl);
  let app: INestApplication;
  let client: ClientProxy;
  let diary: Diary;
  let id: string;

  beforeAll(async () => {
    await management.createVhost(vhost);
    await broker.withChannel((channel) => channel.assertQueue(DEAD_LETTERS));
    const module = await Test.createTestingModule({
      imports: [
        IdempotencyModule.forRoot({
          store: new MemoryIdempotencyStore(),
          ttlSeconds: 60,
          leaseMs: 5_000,
          handlers: [microservices()],
        }),
      ],
      controllers: [Shipping, Billing],
      providers: [Diary, Gate],
    }).compile();
    app = module.createNestApplication({ logger: false });
    const options = {
      urls: [rabbitmqUrl],
      queue: QUEUE,
      queueOptions: {
        durable: true,
        arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': DEAD_LETTERS },
      },
    };
    app.connectMicroservice({
      transport: Transport.RMQ,
      options: { ...options, noAck: false, prefetchCount: 1 },
    });
    await app.startAllMicroservices();
    await app.init();
    client = ClientProxyFactory.create({ transport: Transport.RMQ, options });
    await client.connect();
    diary = app.get(Diary);
  });
  beforeEach(() => {
    id = randomUUID();
  });
  afterAll(async () => {
    await client.close();
    await app.close();
    const { messageCount } = await broker.withChannel((channel) => channel.checkQueue(QUEUE));
    await broker.close();
    await management.deleteVhost(vhost);
    expect(messageCount).toBe(0);
  });

  async function emit(pattern: string | object, parcel: object): Promise<void> {
    await firstValueFrom(client.emit(pattern, parcel));
  }

  async function ask(pattern: string, parcel: object): Promise<unknown> {
    return firstValueFrom(client.send<unknown>(pattern, parcel)).catch((error: unknown) => ({ error }));
  }

  /** With a prefetch of one, an answer shows that the messages before it are settled. */
  async function everythingBeforeIsSettled(): Promise<void> {
    await ask('parcel.forget', { id: randomUUID() });
  }

  async function takeDeadLetter(): Promise<Parcel | undefined> {
    const letter = await broker.withChannel((channel) => channel.get(DEAD_LETTERS, { noAck: true }));
    return letter ? (JSON.parse(letter.content.toString()) as { data: Parcel }).data : undefined;
  }

  const contexts = ['billing has its own context', 'shipping has its own context'];

  describe('with two handlers', () => {
    it.each([['parcel.packed'], [{ parcel: 'packed', urgent: true }]])(
      'is settled once, and the next message is handled: %j',
      async (pattern) => {
        await emit(pattern, { id });
        await emit(pattern, { id });
        await everythingBeforeIsSettled();
        expect(diary.of(id)).toEqual(['bill', ...contexts.slice(0, 1), 'ship', ...contexts.slice(1)]);
      },
    );

    it('is redelivered if one of them failed, and that one runs again', async () => {
      await emit('parcel.packed', { id, ends: { ship: ['fails', 'fails'] } });
      await eventually(() => diary.of(id).includes(String(contexts[1])));
      await everythingBeforeIsSettled();
      expect([diary.count(id, 'ship'), diary.count(id, 'bill')]).toEqual([3, 1]);
      expect(await takeDeadLetter()).toBeUndefined();
    });

    it('becomes a dead letter if one of them can never accept it, once the other one is through', async () => {
      const parcel = { id, ends: { ship: ['fails'], bill: ['refuses', 'refuses'] } };
      await emit('parcel.packed', parcel);
      const letter = await eventually(async () => (await takeDeadLetter()) ?? false);
      expect(letter).toEqual(parcel);
      expect([diary.count(id, 'ship'), diary.count(id, 'bill')]).toEqual([2, 2]);
    });

    it('is settled though a guard lets only one of them have it', async () => {
      await emit('parcel.guarded', { id, ends: { gate: ['fails'] } });
      await eventually(() => diary.of(id).includes('guarded'));
      await everythingBeforeIsSettled();
      expect(diary.of(id)).toEqual(['gate', 'gate', 'guarded', 'unguarded']);
    });

    it('becomes a dead letter if a guard forbids it to one of them', async () => {
      await emit('parcel.guarded', { id, ends: { gate: ['refuses'] } });
      expect(await eventually(async () => (await takeDeadLetter()) ?? false)).toMatchObject({ id });
      expect(diary.of(id)).toEqual(['gate', 'unguarded']);
    });
  });

  describe('that its handler can never accept', () => {
    it('becomes a dead letter at once, and leaves its key free', async () => {
      await emit('parcel.weighed', { id, grams: 'many' });
      await everythingBeforeIsSettled();
      expect(await takeDeadLetter()).toEqual({ id, grams: 'many' });
      await emit('parcel.weighed', { id, grams: 7 });
      await everythingBeforeIsSettled();
      expect(diary.of(id)).toEqual(['weighed 7']);
    });

    it('is answered with the error, and with a result once it is corrected', async () => {
      const answers = [
        await ask('parcel.weigh', { id, grams: 'many' }),
        await ask('parcel.weigh', { id, grams: 7 }),
      ];
      expect(answers).toEqual([
        { error: { status: 'error', message: 'Internal server error' } },
        { grams: 7 },
      ]);
      expect(await takeDeadLetter()).toBeUndefined();
    });
  });

  describe('that is a request', () => {
    it('gets the same remembered error as the first one', async () => {
      const answers = [await ask('parcel.lost', { id }), await ask('parcel.lost', { id })];
      expect(answers).toEqual(Array(2).fill({ error: { code: 'LOST', parcel: id } }));
      expect(diary.of(id)).toEqual(['lost']);
    });

    it('gets the same empty answer as the first one', async () => {
      expect([await ask('parcel.forget', { id }), await ask('parcel.forget', { id })]).toEqual([null, null]);
    });

    it('gets an error with a code if its key belongs to another one', async () => {
      await ask('parcel.forget', { id });
      expect(await ask('parcel.forget', { id, ends: {} })).toEqual({
        error: { status: 'error', code: 'idempotency-key-reused', message: expect.any(String) },
      });
    });
  });
});
