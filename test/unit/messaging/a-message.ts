import type { ConsumeMessage, MessageProperties } from 'amqplib';

const noProperties: MessageProperties = {
  contentType: undefined,
  contentEncoding: undefined,
  headers: undefined,
  deliveryMode: undefined,
  priority: undefined,
  correlationId: undefined,
  replyTo: undefined,
  expiration: undefined,
  messageId: undefined,
  timestamp: undefined,
  type: undefined,
  userId: undefined,
  appId: undefined,
  clusterId: undefined,
};

/** A message as the broker delivers it. */
export function aMessage({
  properties = {},
  content = '{}',
}: {
  properties?: Partial<MessageProperties>;
  content?: string;
}): ConsumeMessage {
  return {
    content: Buffer.from(content),
    fields: { consumerTag: 'tag', deliveryTag: 1, redelivered: false, exchange: '', routingKey: 'queue' },
    properties: { ...noProperties, ...properties },
  };
}
