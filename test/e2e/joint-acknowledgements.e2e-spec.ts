import { acknowledgeTogether } from 'nestjs-idempotent/rabbitmq';
import { JointChannels } from '../support/joint-channel';

describe('a channel that acknowledges together', () => {
  const channels = JointChannels.use();

  describe('when all deliveries up to one are settled', () => {
    it('sends one frame for those of a turn, in whatever order their handlers end', async () => {
      const queue = await channels.queue({ messages: 5 });
      const joint = await channels.consuming(queue);
      await joint.ack(4, 1, 5, 3, 2);
      expect(await joint.frames()).toEqual(['..5']);
      await joint.end();
      expect(await channels.leftIn(queue)).toEqual([]);
    });

    it('sends a frame for each turn, and one acknowledgement alone as it is', async () => {
      const joint = await channels.consuming(await channels.queue({ messages: 5 }));
      await joint.ack(1, 2);
      expect(await joint.frames()).toEqual(['..2']);
      await joint.ack(3);
      expect(await joint.frames()).toEqual(['3']);
      await joint.ack(4, 5);
      expect(await joint.frames()).toEqual(['..5']);
    });

    it('does so if it is told to twice', async () => {
      const joint = await channels.consuming(await channels.queue({ messages: 2 }));
      acknowledgeTogether(joint.channel);
      await joint.ack(1, 2);
      expect(await joint.frames()).toEqual(['..2']);
    });
  });

  describe('when the first delivery is slow', () => {
    it('acknowledges each one behind it alone, and returns the slow one if it closes', async () => {
      const queue = await channels.queue({ messages: 5 });
      const joint = await channels.consuming(queue);
      await joint.ack(5, 2, 4);
      expect(await joint.frames()).toEqual(['5', '2', '4']);
      await joint.end();
      expect(await channels.leftIn(queue)).toEqual(['1', '3']);
    });

    it('acknowledges together again when it has ended', async () => {
      const joint = await channels.consuming(await channels.queue({ messages: 6 }));
      await joint.ack(2, 3);
      await joint.frames();
      await joint.ack(4, 1);
      expect(await joint.frames()).toEqual(['..4']);
      await joint.ack(6, 5);
      expect(await joint.frames()).toEqual(['..6']);
    });
  });

  describe('when messages are nacked or rejected', () => {
    it('dead-letters them alone, and acknowledges those beside them', async () => {
      const dead = await channels.queue({ messages: 0 });
      const queue = await channels.queue({ messages: 5, deadLettersTo: dead });
      const joint = await channels.consuming(queue);
      const [first, second, third, fourth, fifth] = await joint.deliveries(1, 2, 3, 4, 5);
      if (!first || !second || !third || !fourth || !fifth) throw new Error('deliveries are missing');
      joint.channel.ack(first);
      joint.channel.nack(second, false, false);
      joint.channel.ack(fifth);
      joint.channel.ack(third);
      joint.channel.reject(fourth, false);
      // Delivery 5 was due before 4 was settled.
      expect(await joint.frames()).toEqual(['1', '5', '3']);
      await joint.end();
      expect([await channels.leftIn(queue), await channels.leftIn(dead)]).toEqual([[], ['2', '4']]);
    });

    it('names an acknowledged one, also if the last of the run is nacked', async () => {
      const joint = await channels.consuming(await channels.queue({ messages: 3 }));
      const [third] = await joint.deliveries(3);
      if (third) joint.channel.nack(third, false, false);
      await joint.ack(1, 2);
      expect(await joint.frames()).toEqual(['..2']);
    });

    it('leaves one that comes back to its own handler', async () => {
      const queue = await channels.queue({ messages: 3 });
      const joint = await channels.consuming(queue);
      const [second] = await joint.deliveries(2);
      if (second) joint.channel.nack(second, false, true);
      await joint.ack(1, 3);
      expect((await joint.delivery(4)).content.toString()).toBe('2');
      expect(await joint.frames()).toEqual(['..3']);
      await joint.end();
      expect(await channels.leftIn(queue)).toEqual(['2']);
    });
  });

  describe('with more than one consumer', () => {
    it('acknowledges nothing of the other one, whose deliveries share the tags', async () => {
      const [queue, other] = [await channels.queue({ messages: 1 }), await channels.queue({ messages: 2 })];
      const joint = await channels.consuming(queue);
      await joint.delivery(1);
      await joint.consume(other);
      await joint.ack(2, 3);
      expect(await joint.frames()).toEqual(['2', '3']);
      await joint.end();
      expect([await channels.leftIn(queue), await channels.leftIn(other)]).toEqual([['1'], []]);
    });

    it('acknowledges singly behind a delivery without acknowledgement', async () => {
      const [queue, other] = [await channels.queue({ messages: 2 }), await channels.queue({ messages: 1 })];
      const joint = await channels.open();
      await joint.consume(other, { noAck: true });
      await joint.delivery(1);
      await joint.consume(queue);
      await joint.ack(2, 3);
      expect(await joint.frames()).toEqual(['2', '3']);
      await joint.end();
      expect(await channels.leftIn(queue)).toEqual([]);
    });

    it('does not take the reply of an RPC for a delivery, though RabbitMQ gives it the same tag', async () => {
      const queue = await channels.queue({ messages: 0 });
      const joint = await channels.open();
      const replies: unknown[] = [];
      await joint.channel.consume('amq.rabbitmq.reply-to', (reply) => replies.push(reply), { noAck: true });
      await joint.consume(queue);
      joint.channel.sendToQueue(queue, Buffer.from('request'), { replyTo: 'amq.rabbitmq.reply-to' });
      const request = await joint.delivery(1);
      const publishing = await channels.broker.publishing();
      for (const to of [String(request.properties.replyTo), queue, queue])
        publishing.sendToQueue(to, Buffer.from('slow'));
      await joint.ack(1, 3);
      expect(replies).toHaveLength(1);
      expect((await joint.frames()).sort()).toEqual(['1', '3']);
      await joint.end();
      expect(await channels.leftIn(queue)).toEqual(['slow']);
    });

    it('acknowledges what was got one by one, too', async () => {
      const queue = await channels.queue({ messages: 4 });
      const joint = await channels.open();
      const [first, second] = [await joint.channel.get(queue), await joint.channel.get(queue)];
      if (!first || !second) throw new Error('the queue is empty');
      await joint.consume(queue);
      await joint.ack(3, 4);
      expect(await joint.frames()).toEqual(['3', '4']);
      joint.channel.ack(second);
      joint.channel.ack(first);
      expect(await joint.frames()).toEqual(['..2']);
    });
  });

  describe('when the application settles several at once', () => {
    it('sends before that what is due, and goes on behind it', async () => {
      const queue = await channels.queue({ messages: 6 });
      const joint = await channels.consuming(queue);
      await joint.ack(1, 4);
      joint.channel.ack(await joint.delivery(3), true);
      expect(await joint.frames()).toEqual(['4', '1', '..3']);
      await joint.ack(5, 6);
      expect(await joint.frames()).toEqual(['..6']);
    });

    it('acknowledges singly after ackAll(), which does not say what it settles', async () => {
      const joint = await channels.consuming(await channels.queue({ messages: 3 }));
      await joint.ack(1);
      await joint.delivery(3);
      joint.channel.ackAll();
      expect(await joint.frames()).toEqual(['1', '..0']);
    });

    it('requeues with nack() up to a delivery what is not settled, and nothing else', async () => {
      const queue = await channels.queue({ messages: 4 });
      const joint = await channels.consuming(queue);
      await joint.ack(2);
      joint.channel.nack(await joint.delivery(3), true, true);
      await joint.ack(4);
      expect(await joint.frames()).toEqual(['2', '4']);
      await joint.deliveries(5, 6);
      await joint.end();
      expect(await channels.leftIn(queue)).toEqual(['1', '3']);
    });
  });

  describe('that was changed after its first deliveries', () => {
    it('acknowledges none of them that was not settled', async () => {
      const queue = await channels.queue({ messages: 4 });
      const joint = await channels.open({ isJoint: false });
      await joint.consume(queue);
      await joint.ack(1);
      acknowledgeTogether(joint.channel);
      await joint.ack(3, 4);
      expect(await joint.frames()).toEqual(['1', '3', '4']);
      await joint.end();
      expect(await channels.leftIn(queue)).toEqual(['2']);
    });
  });
});
