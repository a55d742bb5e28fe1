import { Logger } from '@nestjs/common';
import { JointChannels } from '../support/joint-channel';

const logged: unknown[] = [];

describe('a channel that acknowledges together and closes in the same turn', () => {
  const channels = JointChannels.use();

  beforeAll(() => {
    const log = (line: unknown) => void logged.push(line);
    Logger.overrideLogger({ log, warn: log, error: log });
  });
  beforeEach(() => void logged.splice(0));

  it('sends what is due before it closes: nothing is left to redeliver', async () => {
    const queue = await channels.queue({ messages: 3 });
    const joint = await channels.consuming(queue);
    await joint.ack(1, 2, 3);
    await joint.channel.close();
    expect(await channels.leftIn(queue)).toEqual([]);
    expect(logged).toEqual([]);
  });

  it('returns what is due if its connection closes alone, and says so once', async () => {
    const queue = await channels.queue({ messages: 3 });
    const joint = await channels.consuming(queue);
    await joint.ack(1, 2);
    await joint.closeConnection();
    expect(await channels.leftIn(queue)).toEqual(['1', '2', '3']);
    expect(logged).toEqual([
      expect.stringContaining('2 acknowledgements were not sent, RabbitMQ redelivers'),
    ]);
  });

  it('returns what is due if RabbitMQ closes it, and says so once', async () => {
    const queue = await channels.queue({ messages: 3 });
    const joint = await channels.consuming(queue);
    const messages = await joint.deliveries(1, 2);
    const closed = new Promise((resolve) => joint.channel.on('close', resolve));
    // The client emits it when it has read that the channel is closed, before it marks it as closed.
    joint.channel.on('error', () => messages.forEach((message) => joint.channel.ack(message)));
    await expect(joint.channel.checkQueue('missing')).rejects.toThrow('NOT_FOUND');
    await closed;
    await joint.end();
    expect(await channels.leftIn(queue)).toEqual(['1', '2', '3']);
    expect(logged).toEqual([expect.stringContaining('2 acknowledgements were not sent')]);
  });

  it('throws in ack() once it is closed, as any other channel', async () => {
    const joint = await channels.consuming(await channels.queue({ messages: 1 }));
    const message = await joint.delivery(1);
    await joint.channel.close();
    expect(() => joint.channel.ack(message)).toThrow('Channel closed');
    expect(() => joint.channel.nack(message)).toThrow('Channel closed');
  });

  it('lets RabbitMQ close it for a message that is acknowledged twice, as any other channel', async () => {
    const joint = await channels.consuming(await channels.queue({ messages: 1 }));
    const closed = new Promise<unknown>((resolve) => joint.channel.on('error', resolve));
    await joint.ack(1);
    await joint.frames();
    await joint.ack(1);
    expect(String(await closed)).toContain('unknown delivery tag 1');
  });
});
