import { Transport, type MessageHandler, type RmqContext } from '@nestjs/microservices';
import type { Channel, ConsumeMessage } from 'amqplib';
import { ReplaySubject, forkJoin, from, isObservable, mergeMap, of, type Observable } from 'rxjs';
import { RpcCall, registerCall, type SupportedTransport } from './rpc-call';
import { RabbitmqDelivery } from './rabbitmq-delivery';

/** A registered handler; with several for one event, NestJS links them by `next`. */
export type RegisteredHandler = MessageHandler<unknown, object, unknown>;

/**
 * Calls all handlers of a pattern, each as a call of its own. NestJS itself calls them together: they share one context
 * object, and when the first of them fails, those whose guards still wait are not called at all.
 */
export function callSeparately(head: RegisteredHandler, transport: SupportedTransport): RegisteredHandler {
  const handlers = linked(head);
  for (const handler of handlers) delete handler.next;
  const handle = async (data: unknown, context: object, ...others: unknown[]) => {
    const delivery = transport === Transport.RMQ ? deliveryOf(context, handlers.length) : undefined;
    const answers = handlers.map((handler) => {
      const call = new RpcCall(transport, (wanted, end) => delivery?.handlerThrough(wanted, end));
      // The methods of NestJS' contexts work on an object that inherits from one. gRPC passes its own metadata object.
      const own = transport === Transport.GRPC ? context : (Object.create(context) as object);
      registerCall(own, call);
      return observed(Reflect.apply(handler, undefined, [data, own, ...others]), call);
    });
    // The same form as NestJS', whose answer to a request with several event handlers it is.
    return answers.reduceRight((next, current) => forkJoin({ current, next }));
  };
  const { isEventHandler, extras } = head;
  return Object.assign(handle, { isEventHandler, extras }) as RegisteredHandler;
}

function linked(head: RegisteredHandler): RegisteredHandler[] {
  const next = head.next;
  return next ? [head, ...linked(next)] : [head];
}

function deliveryOf(context: object, handlers: number): RabbitmqDelivery {
  const rmq = context as RmqContext;
  const channel = rmq.getChannelRef() as Channel;
  return new RabbitmqDelivery(channel, rmq.getMessage() as ConsumeMessage, handlers);
}

/** Runs the handler to its end, whatever becomes of the others, and keeps its answer. */
function observed(returned: unknown, call: RpcCall): Observable<unknown> {
  const answer = new ReplaySubject<unknown>();
  answer.subscribe({
    error: (error: unknown) => call.answered({ kind: 'error', error }),
    complete: () => call.answered({ kind: 'value' }),
  });
  from(Promise.resolve(returned))
    .pipe(mergeMap((value) => (isObservable(value) ? value : of(value))))
    .subscribe(answer);
  return answer;
}
