import { Controller, type Type } from '@nestjs/common';
import {
  EventPattern,
  MessagePattern,
  Server,
  Transport,
  type CustomTransportStrategy,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { Idempotent } from '../../src';
import { application, closeAll } from './microservice';

const key = { property: 'id' } as const;

@Controller()
class Everywhere {
  @EventPattern('order.placed')
  @Idempotent({ scope: 'everywhere', key })
  handle(): void {}
}

@Controller()
class OnRabbitmq {
  @EventPattern('order.placed', Transport.RMQ)
  @Idempotent({ scope: 'rabbitmq', key })
  handle(): void {}
}

@Controller()
class Bare {
  @EventPattern('order.placed')
  handle(): void {}
}

@Controller()
class BareObject {
  @MessagePattern({ b: { c: 1 }, a: 'x' })
  handle(): void {}
}

@Controller()
class Objects {
  @MessagePattern({ a: 'x', b: { c: 1 } })
  @Idempotent({ scope: 'objects', key })
  handle(): void {}
}

@Controller()
class WithHeader {
  @EventPattern('order.placed')
  @Idempotent({ scope: 'header' })
  handle(): void {}
}

@Controller()
class Timed {
  @EventPattern('order.placed')
  @Idempotent({ scope: 'timed', key, requireTimestamp: true })
  handle(): void {}
}

/** A server that is told its transport, and listens to nothing. */
class OwnBus extends Server implements CustomTransportStrategy {
  listened = false;

  constructor(transportId?: Transport | symbol) {
    super();
    if (transportId !== undefined) this.setTransportId(transportId);
  }

  /** Of RabbitMQ's server. */
  readonly noAck = false;

  listen(callback: () => void): void {
    this.listened = true;
    callback();
  }
  close(): void {}
  on(): void {}
  unwrap<T>(): T {
    throw new Error('nothing inside');
  }
}

afterAll(closeAll);

const refusals = [
  {
    situation: 'Kafka',
    controllers: [Everywhere],
    transport: Transport.KAFKA,
    message: /^@Idempotent\(\) on Everywhere\.handle does not support Kafka: .* IdempotencyService\.run\(\)/,
  },
  {
    situation: 'Redis',
    controllers: [Everywhere],
    transport: Transport.REDIS,
    message: /does not support Redis: .*, or limit it to another transport/,
  },
  {
    situation: 'a strategy of the application',
    controllers: [Everywhere],
    transport: undefined,
    message: /does not support the custom strategy OwnBus/,
  },
  {
    situation: 'RabbitMQ and an undecorated handler for the same event',
    controllers: [Everywhere, Bare],
    transport: Transport.RMQ,
    message: /on Everywhere\.handle: Bare\.handle handles the same pattern without it/,
  },
  {
    situation: 'RabbitMQ and an undecorated handler for the same object',
    controllers: [Objects, BareObject],
    transport: Transport.RMQ,
    message: /on Objects\.handle: BareObject\.handle handles the same pattern without it/,
  },
  {
    situation: 'TCP and a key in a header',
    controllers: [WithHeader],
    transport: Transport.TCP,
    message: /on WithHeader\.handle: messages over TCP have no headers; .*key: \{ property/,
  },
  {
    situation: 'NATS and requireTimestamp',
    controllers: [Timed],
    transport: Transport.NATS,
    message:
      /on Timed\.handle: requireTimestamp would reject each message, because messages over NATS have none/,
  },
];

async function connected(bus: OwnBus, controllers: Type[]) {
  const app = await application({ controllers });
  app.connectMicroservice<MicroserviceOptions>({ strategy: bus });
  return app;
}

describe.each(refusals)('a decorated handler with $situation', ({ controllers, transport, message }) => {
  it('fails the start of the application', async () => {
    const app = await connected(new OwnBus(transport), controllers);
    await expect(app.init()).rejects.toThrow(message);
  });

  it('keeps a microservice from listening that is started before the application', async () => {
    const bus = new OwnBus(transport);
    const app = await connected(bus, controllers);
    await expect(app.startAllMicroservices()).rejects.toThrow(message);
    expect(bus.listened).toBe(false);
  });

  it('keeps a microservice from listening that is connected after the start', async () => {
    const bus = new OwnBus(transport);
    const app = await application({ controllers });
    await app.init();
    app.connectMicroservice<MicroserviceOptions>({ strategy: bus });
    await expect(app.startAllMicroservices()).rejects.toThrow(message);
    expect(bus.listened).toBe(false);
  });
});

describe('an application starts', () => {
  it('without a microservice', async () => {
    const app = await application({ controllers: [Everywhere, Bare] });
    await expect(app.init()).resolves.toBe(app);
  });

  it.each([
    {
      situation: 'no decorated handler on an unsupported transport',
      controllers: [Bare],
      transport: Transport.KAFKA,
    },
    {
      situation: 'the decorated handler on another one',
      controllers: [OnRabbitmq],
      transport: Transport.REDIS,
    },
    {
      situation: 'a handler without the decorator beside it over MQTT',
      controllers: [Everywhere, Bare],
      transport: Transport.MQTT,
    },
  ])('with $situation', async ({ controllers, transport }) => {
    const bus = new OwnBus(transport);
    const app = await connected(bus, controllers);
    await app.init();
    await app.startAllMicroservices();
    expect(bus.listened).toBe(true);
  });
});
