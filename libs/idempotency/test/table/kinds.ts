import { eventPattern, graphql, grpc, http, rabbitRpc, rpc, rpcOverRabbitmq, run, subscribe } from './rows';
import type { Rows } from './situations';

/** What one kind of handler does in each situation. */
export interface Kind {
  /** What the reader should know before the table: markdown, in one paragraph. */
  readonly intro: string;
  readonly rows: Rows;
}

const DEAD_LETTERS =
  'Rejected messages become dead letters if the queue has a dead-letter exchange; otherwise they are gone, but for an error in the log.';

/** What holds for a `@MessagePattern` over a transport that takes a message from the sender once, when it arrives. */
const noSettlement = (transport: string): string =>
  'The client waits for the answer, and gets an error with `code` in place of a result. Nothing is redelivered over ' +
  `${transport} when a handler fails: what an \`@EventPattern\` has not done is not done until its sender sends it again.`;

/** All kinds of handlers, in the order of the page. */
export const KINDS = {
  'HTTP on Express': {
    intro:
      'The key is in the header `Idempotency-Key`. Problem details (RFC 9457) have the `code` that stands here.',
    rows: http,
  },
  'HTTP on Fastify': { intro: 'The same as on Express.', rows: http },
  'GraphQL mutation': {
    intro:
      'The key is in the header `Idempotency-Key` of the HTTP request, or in an argument. Errors about the key have `code`, `status` ' +
      'and `retryAfterSeconds` in their `extensions`.',
    rows: graphql,
  },
  '@RabbitSubscribe': {
    intro:
      `The key is in the header \`idempotency-key\` of the message. ${DEAD_LETTERS} This is what happens without \`onFailure\` and ` +
      'without error handlers of @golevelup/nestjs-rabbitmq; with one of them, it decides. A batch is treated message by message.',
    rows: subscribe,
  },
  '@RabbitRPC': {
    intro:
      `The key is in the header \`idempotency-key\` of the message. ${DEAD_LETTERS} @golevelup/nestjs-rabbitmq has no reply for ` +
      'errors: the caller runs into its time-out, unless the handler has an `errorHandler` that replies.',
    rows: rabbitRpc,
  },
  '@EventPattern over RabbitMQ': {
    intro:
      `The key is in the header \`idempotency-key\` of the message, or in its payload. ${DEAD_LETTERS} This is what happens ` +
      'without `onFailure`. A message for several handlers is settled once, when all of them are through.',
    rows: eventPattern,
  },
  '@MessagePattern over RabbitMQ': {
    intro:
      'The client waits for the answer, and gets an error with `code` in place of a result. So the message is always acknowledged, ' +
      'and the caller decides whether to ask again.',
    rows: rpcOverRabbitmq,
  },
  '@MessagePattern over NATS': {
    intro: noSettlement('NATS'),
    rows: rpc,
  },
  '@MessagePattern over MQTT': {
    intro: `${noSettlement('MQTT')} The key is a user property, which needs MQTT 5.`,
    rows: rpc,
  },
  '@MessagePattern over TCP': {
    intro: `${noSettlement('TCP')} It has no headers: the key is in the payload, \`key: { property: 'key' }\`.`,
    rows: rpc,
  },
  '@GrpcMethod': {
    intro: 'Unary calls; streams are refused at the start. The key is in the metadata `idempotency-key`.',
    rows: grpc,
  },
  'run()': {
    intro:
      'For everything else: `IdempotencyService.run(key, work, options)` resolves with an outcome, whose `kind` or `code` stands here, ' +
      'or throws. It has no pipes: `uncounted` says which errors of the work mean that nothing was done.',
    rows: run,
  },
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof KINDS;

/** The kinds that are tried with a real server. */
export type ServerKind =
  | '@RabbitSubscribe'
  | '@RabbitRPC'
  | '@EventPattern over RabbitMQ'
  | '@MessagePattern over RabbitMQ'
  | '@MessagePattern over NATS'
  | '@MessagePattern over MQTT';
