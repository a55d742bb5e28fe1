import type { AmqpConnection } from '@golevelup/nestjs-rabbitmq';

/**
 * The private members of the RabbitMQ library that the service uses, because the library has no public ones for this. The
 * spec `golevelup-internals` fails when a release changes them.
 */

/** The messages that subscribers are working on. */
export function messagesInFlight(connection: AmqpConnection): readonly Promise<unknown>[] {
  return [...(connection['outstandingMessageProcessing'] as Set<Promise<unknown>>)];
}

/** The queue that a consumer takes its messages from. */
export function queueOfConsumer(connection: AmqpConnection, consumerTag: string): unknown {
  return memberOf(memberOf(memberOf(connection['_consumers'], consumerTag), 'msgOptions'), 'queue');
}

/** Removes a consumer of a closed channel, which the library would keep with everything that it references. */
export function forgetConsumer(connection: AmqpConnection, consumerTag: string): void {
  const forget: unknown = Reflect.get(connection, 'unregisterConsumerForQueue');
  if (typeof forget === 'function') Reflect.apply(forget, connection, [consumerTag]);
}

function memberOf(container: unknown, name: string): unknown {
  if (typeof container !== 'object' || container === null) return undefined;
  const member: unknown = Reflect.get(container, name);
  return member;
}
