import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';

/** It keeps consumers of channels that are gone, and tells nobody what is in flight: see `consumption.ts`. */
describe('what is used of the RabbitMQ library although it is private there', () => {
  const connection = new AmqpConnection({ uri: 'amqp://localhost' });

  it('is still where it was: the consumers, and how one is forgotten', () => {
    expect(connection.consumerTags).toEqual([]);
    Object.assign(connection['_consumers'] as object, { tag: {} });
    expect(connection.consumerTags).toEqual(['tag']);
    const forget = connection['unregisterConsumerForQueue'] as (tag: string) => void;
    forget.call(connection, 'tag');
    expect(connection.consumerTags).toEqual([]);
  });

  it('is still where it was: what is in flight', () => {
    expect(connection['outstandingMessageProcessing']).toEqual(new Set());
  });
});
