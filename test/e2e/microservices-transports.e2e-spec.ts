import { randomUUID } from 'node:crypto';
import { Controller, type INestApplication } from '@nestjs/common';
import {
  ClientProxyFactory,
  EventPattern,
  MessagePattern,
  MqttRecordBuilder,
  NatsRecordBuilder,
  Payload,
  RpcException,
  Transport,
  type ClientProxy,
  type MqttOptions,
  type NatsOptions,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { headers } from 'nats';
import { Idempotent, IdempotencyContext, IdempotencyModule, MemoryIdempotencyStore } from 'nestjs-idempotent';
import { microservices } from 'nestjs-idempotent/microservices';
import { firstValueFrom } from 'rxjs';
import { eventually } from '../support/eventually';
import { mqttServer, natsServer } from '../support/transports/servers';

interface Letter {
  readonly id: string;
  readonly pages?: number;
}

const effects: string[] = [];

@Controller()
class Letters {
  @MessagePattern('letter.send')
  @Idempotent({ scope: 'send', key: { header: 'idempotency-key', property: 'id' } })
  send(@Payload() { id }: Letter): object {
    effects.push(id);
    return { sent: effects.length };
  }

  @MessagePattern('letter.refuse')
  @Idempotent({ scope: 'refuse', rememberError: () => true })
  refuse(@Payload() { id }: Letter): void {
    effects.push(id);
    throw new RpcException({ code: 'NO_STAMP', id });
  }

  @EventPattern('letter.sent')
  @Idempotent({ scope: 'archive' })
  archive(@Payload() { id }: Letter, @IdempotencyContext() { scope }: IdempotencyContext): void {
    effects.push(`${scope} ${id}`);
  }
}

@Controller()
class Accounts {
  @EventPattern('letter.sent')
  @Idempotent({ scope: 'account' })
  charge(@Payload() { id }: Letter, @IdempotencyContext() { scope }: IdempotencyContext): void {
    effects.push(`${scope} ${id}`);
  }

  @EventPattern('letter.sent')
  count(@Payload() { id }: Letter): void {
    effects.push(`counted ${id}`);
  }
}

const nats = {
  name: 'NATS',
  startServer: natsServer,
  optionsFor: (url: string): NatsOptions => ({ transport: Transport.NATS, options: { servers: [url] } }),
  withKeys: (letter: object, keys: readonly string[]): unknown => {
    const sent = headers();
    for (const key of keys) sent.append('idempotency-key', key);
    return new NatsRecordBuilder(letter).setHeaders(sent).build();
  },
};

const mqtt = {
  name: 'MQTT 5',
  startServer: mqttServer,
  optionsFor: (url: string): MqttOptions => ({
    transport: Transport.MQTT,
    options: { url, protocolVersion: 5, subscribeOptions: { qos: 1 } },
  }),
  withKeys: (letter: object, keys: readonly string[]): unknown => {
    // The client of MQTT cannot write a packet with empty properties.
    if (keys.length === 0) return letter;
    const userProperties = { 'idempotency-key': [...keys] };
    return new MqttRecordBuilder(letter).setProperties({ userProperties }).setQoS(1).build();
  },
};

describe.each([nats, mqtt])('a message over $name', ({ startServer, optionsFor, withKeys }) => {
  let stop: () => Promise<void>;
  let app: INestApplication;
  let client: ClientProxy;
  let key: string;

  beforeAll(async () => {
    const server = await startServer();
    ({ stop } = server);
    const settings = { store: new MemoryIdempotencyStore(), ttlSeconds: 60, leaseMs: 5_000 };
    const module = await Test.createTestingModule({
      imports: [IdempotencyModule.forRoot({ ...settings, handlers: [microservices()] })],
      controllers: [Letters, Accounts],
    }).compile();
    app = module.createNestApplication({ logger: false });
    app.connectMicroservice(optionsFor(server.url));
    await app.startAllMicroservices();
    await app.init();
    client = ClientProxyFactory.create(optionsFor(server.url));
    await client.connect();
  });
  beforeEach(() => {
    effects.splice(0);
    key = randomUUID();
  });
  afterAll(async () => {
    await client.close();
    await app.close();
    await stop();
  });

  async function ask(pattern: string, letter: object, ...keys: string[]): Promise<unknown> {
    const sent = client.send<unknown>(pattern, withKeys(letter, keys));
    return firstValueFrom(sent).catch((error: unknown) => ({ error }));
  }

  it('with the key in a header gets the first answer again, without the effect', async () => {
    const answers = [await ask('letter.send', { id: key }, key), await ask('letter.send', { id: key }, key)];
    expect([answers, effects]).toEqual([[{ sent: 1 }, { sent: 1 }], [key]]);
  });

  it('with the key in the payload gets the first answer again, without the effect', async () => {
    const answers = [await ask('letter.send', { id: key }), await ask('letter.send', { id: key })];
    expect([answers, effects]).toEqual([[{ sent: 1 }, { sent: 1 }], [key]]);
  });

  it('gets a remembered error as it was first', async () => {
    const answers = [
      await ask('letter.refuse', { id: '1' }, key),
      await ask('letter.refuse', { id: '1' }, key),
    ];
    expect(answers).toEqual(Array(2).fill({ error: { code: 'NO_STAMP', id: '1' } }));
    expect(effects).toEqual(['1']);
  });

  it('gets an error with a code for another payload, without a key, and with two keys', async () => {
    await ask('letter.send', { id: key, pages: 1 });
    const answers = [
      await ask('letter.send', { id: key, pages: 2 }),
      await ask('letter.refuse', { id: key }),
      await ask('letter.refuse', { id: key }, key, 'another'),
    ];
    expect(answers.map((answer) => (answer as { error: { code: string } }).error.code)).toEqual([
      'idempotency-key-reused',
      'missing-idempotency-key',
      'invalid-idempotency-key',
    ]);
  });

  it('reaches each decorated handler of an event once, and the others as often as it comes', async () => {
    const emit = () => firstValueFrom(client.emit('letter.sent', withKeys({ id: '1' }, [key])));
    await Promise.all([emit(), emit(), emit()]);
    await eventually(() => effects.filter((effect) => effect === 'counted 1').length === 3);
    await eventually(() => effects.length >= 5);
    expect([...effects].sort()).toEqual(['account 1', 'archive 1', ...Array<string>(3).fill('counted 1')]);
  });
});
