import { AmqpConnection, RabbitMQModule, RabbitSubscribe } from '@golevelup/nestjs-rabbitmq';
import { Injectable, type INestApplication } from '@nestjs/common';
import { Idempotent } from 'nestjs-idempotent';
import { rabbitmq } from 'nestjs-idempotent/rabbitmq';
import type { Subscriber, SubscriberOptions } from './application.js';

/** A subscriber of golevelup, and two messages for it with the same key. In a file of its own: golevelup supports NestJS 11. */
export function subscriber({ name, effects, untilCounted }: SubscriberOptions): Subscriber {
  const passing = { durable: false, autoDelete: true };
  @Injectable()
  class Mails {
    @RabbitSubscribe({ exchange: name, routingKey: 'sent', queue: name, queueOptions: passing })
    @Idempotent({ scope: 'mail' })
    send(): void {
      effects.push('mail');
    }
  }
  const uri = process.env.RABBITMQ_URL ?? '';
  const exchanges = [{ name, type: 'topic', options: passing }];
  return {
    imports: [
      RabbitMQModule.forRoot({ uri, exchanges, channels: { one: { default: true, prefetchCount: 1 } } }),
    ],
    providers: [Mails],
    handlers: [rabbitmq()],
    publishTwice: async (app: INestApplication) => {
      const connection = app.get(AmqpConnection, { strict: false });
      const options = { headers: { 'idempotency-key': name } };
      // The third message has another key: with a prefetch of one it is handled after both copies.
      await connection.publish(name, 'sent', {}, options);
      await connection.publish(name, 'sent', {}, options);
      await connection.publish(name, 'sent', {}, { headers: { 'idempotency-key': `${name}-last` } });
      await untilCounted('mail', 2);
    },
  };
}
