import type { ExecutionContext } from '@nestjs/common';
import type { Transport } from '@nestjs/microservices';

/** What a handler wants for the delivery of its message. Transports other than RabbitMQ have nothing to carry out. */
export type Disposition = 'ack' | 'reject' | 'requeue';

/** The transports whose messages `@Idempotent()` understands. */
export type SupportedTransport =
  Transport.RMQ | Transport.NATS | Transport.MQTT | Transport.TCP | Transport.GRPC;

/** How a call ended for NestJS, after guards, interceptors and exception filters. */
export type CallEnd = { readonly kind: 'value' } | { readonly kind: 'error'; readonly error: unknown };

/**
 * One call of one handler for one message. It is through when NestJS has its answer *and* the interceptor of
 * `@Idempotent()` has ended: a time-out around the handler ends the first, a guard that throws never starts the second.
 */
export class RpcCall {
  private interceptors = 0;
  private end: CallEnd | undefined;
  private isThrough = false;
  private disposition: Disposition | undefined;

  constructor(
    readonly transport: SupportedTransport,
    private readonly through: (disposition: Disposition | undefined, end: CallEnd) => void,
  ) {}

  /** The interceptor has got the message. */
  intercepted(): void {
    this.interceptors++;
  }

  dispose(disposition: Disposition): void {
    this.disposition = disposition;
  }

  /** The disposition if there is none yet. */
  disposeUndecided(disposition: Disposition): void {
    this.disposition ??= disposition;
  }

  /** The interceptor is through with the message. */
  released(): void {
    this.interceptors--;
    this.conclude();
  }

  answered(end: CallEnd): void {
    this.end = end;
    this.conclude();
  }

  private conclude(): void {
    if (!this.end || this.interceptors > 0 || this.isThrough) return;
    this.isThrough = true;
    this.through(this.disposition, this.end);
  }
}

/** By the context argument that belongs to one call alone. */
const calls = new WeakMap<object, RpcCall>();

export function registerCall(context: object, call: RpcCall): void {
  calls.set(context, call);
}

/** @throws Error if the handler was not called by a microservice of the application */
export function callOf(execution: ExecutionContext): RpcCall {
  const call = calls.get(execution.switchToRpc().getContext<object>());
  if (call) return call;
  throw new Error(
    `@Idempotent() on ${execution.getClass().name}.${execution.getHandler().name}: it was called by something else than ` +
      'a microservice of this application; use IdempotencyService.run() there',
  );
}
