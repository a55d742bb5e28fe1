import type { EngineOptions } from '../engine/engine.options';
import type { HandlerKind } from './handler-kind';
import type { HandlerDefaults } from './idempotency.options';

/** Settings of the module, and defaults of every handler. */
export interface IdempotencyModuleOptions extends EngineOptions {
  /**
   * The kinds of handlers besides HTTP controllers, such as `rabbitmq()` of `nestjs-idempotent/rabbitmq`. A decorated
   * handler of another kind fails the start.
   */
  readonly handlers?: readonly HandlerKind[];
  /** Defaults of the handlers' own options. Options that belong to one handler alone cannot have one. */
  readonly defaults?: HandlerDefaults;
  /**
   * HTTP only: where your API documents its problems. The `type` of a problem (RFC 9457) is this text with the failure's
   * code after it, so it ends in `/` or `#`. Default: the draft of the header `Idempotency-Key`, for every problem.
   *
   * @example 'https://api.example.com/problems#' // https://api.example.com/problems#idempotency-key-reused
   */
  readonly problemType?: string;
}
