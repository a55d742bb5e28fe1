import { Transport } from '@nestjs/microservices';
import { canonicalJson } from '../../engine/canonical-json';
import type { SupportedTransport } from './rpc-call';
import type { PatternHandler } from './pattern-handlers';

/** What is known of a server of @nestjs/microservices, or of a custom strategy. */
export interface MicroserviceServer {
  readonly transportId?: Transport | symbol;
  /** RabbitMQ only. */
  readonly noAck?: unknown;
}

const WAY_OUT = 'call IdempotencyService.run() in the handler instead';

/**
 * Whether `@Idempotent()` works on the handlers of a server; resolves what its transport is.
 *
 * @param decorated the decorated handlers that the server calls, at least one
 * @param others those that are not decorated
 * @throws Error naming the handler and the way out
 */
export function transportFor(
  server: MicroserviceServer,
  decorated: readonly PatternHandler[],
  others: readonly PatternHandler[],
): SupportedTransport {
  for (const handler of decorated) requireUnary(handler);
  const { transportId } = server;
  switch (transportId) {
    case Transport.RMQ:
      requireManualAcknowledgement(server, decorated);
      requireAllDecorated(decorated, others);
      return transportId;
    case Transport.TCP:
      for (const handler of decorated) requireKeyInPayload(handler);
      for (const handler of decorated) requireNoTimestamp(handler, 'TCP');
      return transportId;
    case Transport.NATS:
    case Transport.MQTT:
    case Transport.GRPC:
      for (const handler of decorated) requireNoTimestamp(handler, Transport[transportId]);
      return transportId;
    case Transport.KAFKA:
      throw notSupported(decorated, 'Kafka');
    case Transport.REDIS:
      throw notSupported(decorated, 'Redis');
    default:
      throw notSupported(decorated, `the custom strategy ${server.constructor.name}`);
  }
}

/** @throws Error for a decorated handler of a gRPC stream, of which there are many messages for one key */
export function requireUnary({ name, patterns }: Pick<PatternHandler, 'name' | 'patterns'>): void {
  for (const pattern of patterns) {
    if (typeof pattern !== 'object' || pattern === null || !('streaming' in pattern)) continue;
    if (pattern.streaming !== 'no_stream') throw streamOf(name);
  }
}

export function streamOf(name: string): Error {
  return new Error(
    `@Idempotent() on ${name}: a gRPC stream has no one result that could be recorded; use it on unary methods, or ` +
      WAY_OUT,
  );
}

function notSupported(decorated: readonly PatternHandler[], transport: string): Error {
  const [handler] = decorated;
  const limited =
    handler?.transport === undefined ? ', or limit it to another transport with its decorator' : '';
  return new Error(
    `@Idempotent() on ${String(handler?.name)} does not support ${transport}: of the transports of ` +
      `@nestjs/microservices, it supports RabbitMQ, NATS, MQTT, TCP and gRPC; ${WAY_OUT}${limited}`,
  );
}

/** With `noAck: true`, the default of @nestjs/microservices, the broker drops a message before its record is stored. */
function requireManualAcknowledgement(
  { noAck }: MicroserviceServer,
  [handler]: readonly PatternHandler[],
): void {
  if (noAck === false) return;
  throw new Error(
    `@Idempotent() on ${String(handler?.name)} needs 'noAck: false' in the options of the RabbitMQ microservice: otherwise a ` +
      'message is lost when its handler fails or its process dies',
  );
}

/** A message is acknowledged once; a handler that does it by itself would close the channel for all of them. */
function requireAllDecorated(decorated: readonly PatternHandler[], others: readonly PatternHandler[]): void {
  for (const { name, patterns } of decorated) {
    const beside = others.find((other) =>
      other.patterns.some((pattern) => includesPattern(patterns, pattern)),
    );
    if (!beside) continue;
    throw new Error(
      `@Idempotent() on ${name}: ${beside.name} handles the same pattern without it, and both would acknowledge the same ` +
        `message of RabbitMQ; put @Idempotent() on ${beside.name} as well, or give it a queue of its own`,
    );
  }
}

/** Patterns are objects, too; NestJS compares them with sorted properties. */
function includesPattern(patterns: readonly unknown[], pattern: unknown): boolean {
  return patterns.some((one) => routeText(one) === routeText(pattern));
}

function routeText(pattern: unknown): string {
  // A number is the same route as its digits.
  return (canonicalJson(pattern) ?? '').replace(/^"(.*)"$/s, '$1');
}

function requireKeyInPayload({ name, options }: PatternHandler): void {
  const { key, whenKeyMissing } = options ?? {};
  const isElsewhere = typeof key === 'function' || key?.property !== undefined;
  if (isElsewhere || whenKeyMissing === 'process') return;
  throw new Error(
    `@Idempotent() on ${name}: messages over TCP have no headers; say where the key is in the payload, such as ` +
      `key: { property: 'orderId' }`,
  );
}

function requireNoTimestamp({ name, options }: PatternHandler, transport: string): void {
  if (!options?.requireTimestamp) return;
  throw new Error(
    `@Idempotent() on ${name}: requireTimestamp would reject each message, because messages over ${transport} have none`,
  );
}
