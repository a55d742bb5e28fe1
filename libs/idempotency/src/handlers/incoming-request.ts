import type { Failure } from '../engine/failure';
import type { ClaimedKey } from '../stores/idempotency-store';

/** What the engine needs from a request, for every kind of handler. */
export interface IncomingRequest {
  /** The object that is this one request, such as the raw message or the request of Express or Fastify. */
  readonly source: object;
  readonly headers: unknown;
  readonly payload: unknown;
  /** When it was made, if its sender says so. */
  readonly requestedAt: Date | undefined;
  /** What is asked for, besides the payload, such as method, path and query. A key belongs to one of it. */
  readonly target?: unknown;
  /**
   * What is sent beside the payload, such as uploaded files. Part of the same content, unless `fingerprint` names another.
   *
   * @throws Error if the content has not been read
   */
  readonly attachments?: () => Promise<unknown>;
}

/**
 * Decides what is done with a delivery that was not processed, and does it.
 *
 * @example
 * class OrderFailures implements FailureHandler<ConsumeMessage> {
 *   constructor(private readonly deadLetters: DeadLetters) {}
 *   async handle(message: ConsumeMessage, failure: Failure): Promise<'settled' | 'requeue'> {
 *     if (failure.code === 'store-unavailable') return 'requeue';
 *     await this.deadLetters.publish(message, failure.code); // until the broker has confirmed it
 *     return 'settled';
 *   }
 * }
 */
export interface FailureHandler<Delivery = unknown> {
  /**
   * Resolves with `settled` when a copy or a dead letter that replaces the delivery is safe, so that it can be
   * acknowledged; with `requeue` when it must go back to the broker. If it rejects, the framework gets the error, like
   * one of the handler.
   *
   * @param claimed the key that the request was for; undefined for a request that was rejected before its key was read
   */
  handle(delivery: Delivery, failure: Failure, claimed?: ClaimedKey): Promise<'settled' | 'requeue'>;
}
