import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import {
  forgetConsumer,
  messagesInFlight,
  queueOfConsumer,
} from '../../../src/messaging/golevelup-internals';

describe('the private members of the RabbitMQ library that the service uses', () => {
  const connection = new AmqpConnection({ uri: 'amqp://localhost' });

  it('contain the consumers with their queues, and can remove one', () => {
    expect(connection.consumerTags).toEqual([]);
    Object.assign(connection['_consumers'] as object, { tag: { msgOptions: { queue: 'payments.charge' } } });
    expect(connection.consumerTags).toEqual(['tag']);
    expect(queueOfConsumer(connection, 'tag')).toBe('payments.charge');
    forgetConsumer(connection, 'tag');
    expect(connection.consumerTags).toEqual([]);
  });

  it('contain the messages in flight', () => {
    const message = Promise.resolve();
    expect(messagesInFlight(connection)).toEqual([]);
    (connection['outstandingMessageProcessing'] as Set<Promise<unknown>>).add(message);
    expect(messagesInFlight(connection)).toEqual([message]);
  });
});
