import { Nack, type BatchMessageErrorHandler } from '@golevelup/nestjs-rabbitmq';
import { Logger } from '@nestjs/common';
import type { Channel, ConsumeMessage } from 'amqplib';
import { handleEach, settleBatch } from '../../src/handlers/rabbitmq-batch';

const messages = ['one', 'two', 'three'].map((name) => ({ fields: { routingKey: name } }) as ConsumeMessage);

/** A channel that keeps what is done with each message; `closedFor` are messages that it cannot settle. */
function aChannel(closedFor: readonly string[] = []) {
  const settled: string[] = [];
  const settle = (how: string) => (message: ConsumeMessage) => {
    if (closedFor.includes(message.fields.routingKey)) throw new Error('Channel closed');
    settled.push(`${message.fields.routingKey} ${how}`);
  };
  const channel = {
    ack: settle('acknowledged'),
    nack: (message: ConsumeMessage, _: boolean, requeue: boolean) =>
      settle(requeue ? 'requeued' : 'rejected')(message),
  } as unknown as Channel;
  return { channel, settled };
}

/** Settles a batch as @golevelup does. */
async function handle(
  handler: (message: string) => unknown,
  { channel, errorHandler }: { channel: Channel; errorHandler: BatchMessageErrorHandler },
): Promise<void> {
  const batch: [unknown[], ConsumeMessage[], unknown[]] = [['1', '2', '3'], [...messages], [{}, {}, {}]];
  try {
    const response = await handleEach(batch, async () => {
      await Promise.resolve();
      return handler(batch[1].map(({ fields }) => fields.routingKey).join());
    });
    if (response instanceof Nack)
      for (const message of batch[1]) channel.nack(message, false, response.requeue);
    else for (const message of batch[1]) channel.ack(message);
  } catch (error) {
    await errorHandler(channel, batch[1], error);
  }
}

const ends: Record<string, () => unknown> = {
  one: () => undefined,
  two: () => new Nack(false),
  three: () => {
    throw new Error('no box');
  },
};
const unevenly = (message: string) => ends[message]?.();

describe('a batch', () => {
  const logged: string[] = [];
  beforeAll(() => {
    const silent = () => undefined;
    Logger.overrideLogger({ log: silent, warn: silent, error: (line: string) => logged.push(line) });
  });
  beforeEach(() => {
    logged.length = 0;
  });

  it('that ends well is acknowledged', async () => {
    const { channel, settled } = aChannel();
    await handle(() => undefined, { channel, errorHandler: settleBatch() });
    expect(settled).toEqual(['one acknowledged', 'two acknowledged', 'three acknowledged']);
  });

  it('is settled message by message if one of them fails', async () => {
    const { channel, settled } = aChannel();
    await handle(unevenly, { channel, errorHandler: settleBatch() });
    expect(settled).toEqual(['one acknowledged', 'two rejected', 'three requeued']);
    expect(logged).toEqual(['a message of a batch failed: no box']);
  });

  it('leaves what threw to the rule of the application', async () => {
    const { channel, settled } = aChannel();
    const errorHandler = settleBatch((_, message, error) => {
      settled.push(`${message.fields.routingKey} ${String(error)}`);
    });
    await handle(unevenly, { channel, errorHandler });
    expect(settled).toEqual(['one acknowledged', 'two rejected', 'three Error: no box']);
  });

  it('is settled as far as possible if one message cannot be, and nothing is thrown', async () => {
    const { channel, settled } = aChannel(['two']);
    await handle(unevenly, { channel, errorHandler: settleBatch() });
    expect(settled).toEqual(['one acknowledged', 'three requeued']);
  });

  it('is requeued if it failed before its messages were handled', async () => {
    const { channel, settled } = aChannel();
    await settleBatch()(channel, messages, new Error('a guard says no'));
    expect(settled).toEqual(['one requeued', 'two requeued', 'three requeued']);
  });
});
