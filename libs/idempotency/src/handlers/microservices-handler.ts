import type { ExecutionContext } from '@nestjs/common';
import { Transport } from '@nestjs/microservices';
import { errorOf, type Failure, type FailureCode } from '../engine/failure';
import type { HandlerKind } from './handler-kind';
import { provesInvalidRequest } from './invalid-request';
import { callOf, type Disposition, type SupportedTransport } from './microservices/handler-call';
import { isEventHandler, isPatternHandler } from './microservices/pattern-handlers';
import { isRequest } from './microservices/rabbitmq-delivery';
import { callerErrorOf, rememberedErrorOf } from './microservices/rpc-error';
import { rabbitmqMessage, rpcRequest } from './microservices/rpc-request';
import { checkServers, watchServers } from './microservices/watched-servers';

/** Failures that a redelivery cannot change. */
const PERMANENT: readonly FailureCode[] = [
  'missing-idempotency-key',
  'invalid-idempotency-key',
  'missing-timestamp',
  'invalid-request',
  'idempotency-key-reused',
  'retries-exhausted',
  'outside-deduplication-window',
  'from-the-future',
];

/**
 * `@EventPattern`, `@MessagePattern` and `@GrpcMethod` of @nestjs/microservices over RabbitMQ (with `noAck: false`), NATS,
 * MQTT, TCP and gRPC. A message of RabbitMQ is settled here, once its record is stored and all its handlers are through;
 * they must not do it. The other transports have nothing to settle.
 */
export const microservicesHandler: HandlerKind = {
  type: 'rpc',
  argument: 1,
  isHandler: isPatternHandler,
  attach: watchServers,
  check: (_, modules) => checkServers(modules),
  hasTimestamp: true,

  request(execution) {
    callOf(execution).intercepted();
    return rpcRequest(execution);
  },

  record: (_, returned) => returned,

  answer(execution, recorded) {
    const call = callOf(execution);
    call.dispose('ack');
    // A record has null for undefined, and a message of gRPC is an object: the first answer must be what a replay is.
    return recorded ?? (call.transport === Transport.GRPC ? {} : null);
  },

  async fail(execution, failure, { onFailure, claimed }) {
    const call = callOf(execution);
    const hasCaller = isAwaited(execution, call.transport);
    if (failure.kind === 'remembered-error') {
      call.dispose('ack');
      throw failure.replayed ? rememberedErrorOf(failure.error) : failure.error;
    }
    if (onFailure) {
      const settled = await onFailure.handle(rpcRequest(execution).source, failure, claimed);
      call.dispose(settled === 'requeue' ? 'requeue' : 'ack');
      const isHandled = settled === 'settled' || call.transport === Transport.RMQ;
      if (isHandled && !hasCaller) return undefined;
    } else call.dispose(hasCaller ? 'ack' : dispositionOf(failure));
    // NestJS logs an event's error; a caller needs one that it can tell apart.
    throw hasCaller ? callerErrorOf(failure, call.transport) : errorOf(failure);
  },

  ended(execution, thrown) {
    const undecided = isAwaited(execution, callOf(execution).transport) ? 'ack' : dispositionOfError(thrown);
    callOf(execution).released(undecided);
  },

  uncounted: provesInvalidRequest,
};

/** Whether somebody waits for the answer. */
function isAwaited(execution: ExecutionContext, transport: SupportedTransport): boolean {
  return transport === Transport.RMQ
    ? isRequest(rabbitmqMessage(execution))
    : !isEventHandler(execution.getHandler());
}

function dispositionOf(failure: Failure): Disposition {
  if (PERMANENT.includes(failure.code)) return 'reject';
  return failure.code === 'work-failed' ? dispositionOfError(failure.error) : 'requeue';
}

function dispositionOfError(error: unknown): Disposition {
  return provesInvalidRequest(error) ? 'reject' : 'requeue';
}
