import type { ExecutionContext } from '@nestjs/common';
import { Transport } from '@nestjs/microservices';
import { errorOf } from '../engine/failure';
import type { HandlerKind } from './handler-kind';
import { messageHandler } from './message-handler';
import { callOf, type SupportedTransport } from './microservices/rpc-call';
import { isEventHandler, isPatternHandler } from './microservices/pattern-handlers';
import { isRequest } from './microservices/rabbitmq-delivery';
import { callerErrorOf, rememberedErrorOf } from './microservices/rpc-error';
import { rabbitmqMessage, rpcRequest } from './microservices/rpc-request';
import { checkServers, watchServers } from './microservices/watched-servers';
import { isInvalidInput, isPermanent } from './permanent-failures';

/** How a message is answered, without the end of its call. */
const answering = messageHandler({
  type: 'rpc',
  argument: 1,
  isHandler: isPatternHandler,
  attach: watchServers,
  check: (_, modules) => checkServers(modules),
  hasTimestamp: true,
  request: rpcRequest,

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
    } else if (hasCaller) call.dispose('ack');
    else call.dispose(isPermanent(failure) ? 'reject' : 'requeue');
    // NestJS logs an event's error; a caller needs one that it can tell apart.
    throw hasCaller ? callerErrorOf(failure, call.transport) : errorOf(failure);
  },

  uncounted: isInvalidInput,
});

/**
 * `@EventPattern`, `@MessagePattern` and `@GrpcMethod` of @nestjs/microservices over RabbitMQ (with `noAck: false`), NATS,
 * MQTT, TCP and gRPC. A message of RabbitMQ is settled here, once its record is stored and all its handlers are through;
 * they must not do it. The other transports have nothing to settle.
 */
export const microservicesHandler: HandlerKind = {
  ...answering,

  async respond(handlerCall) {
    const { execution } = handlerCall;
    const call = callOf(execution);
    call.intercepted();
    try {
      return await answering.respond(handlerCall);
    } catch (error) {
      // Without effect if there is a disposition: not for a handler that ran without a key, or an `onFailure` that threw.
      if (isAwaited(execution, call.transport)) call.disposeUndecided('ack');
      else call.disposeUndecided(isInvalidInput(error) ? 'reject' : 'requeue');
      throw error;
    } finally {
      call.released();
    }
  },
};

/** Whether a client waits for the answer. */
function isAwaited(execution: ExecutionContext, transport: SupportedTransport): boolean {
  return transport === Transport.RMQ
    ? isRequest(rabbitmqMessage(execution))
    : !isEventHandler(execution.getHandler());
}
