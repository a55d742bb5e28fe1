import type { Failure } from 'nestjs-idempotent';
import type { Decision } from './disposition';
import type { MessageHistory } from './message-headers';
import type { WorkQueue } from './topology';

/** What a work queue adds to the pipeline that all of them share. Registered with `MessagePipeline.use()`. */
export interface QueuePolicy {
  readonly queue: WorkQueue;
  /** How log lines call one of its messages, such as `Payment`. */
  readonly noun: string;
  /** Its own reasons, next to those that every queue has; every reason that it decides for must be among them. */
  readonly reasons: { readonly delay: readonly string[]; readonly deadLetter: readonly string[] };
  /** How often a key is worked on before its message becomes a dead letter. */
  readonly maxAttempts: number;
  /** Pauses this queue alone, if `decide` asks for that. `isOver` is called until it resolves with true. */
  readonly pause?: { readonly reason: string; readonly isOver: () => Promise<boolean> };
  /** The queue's own log fields and span attributes of a message, whatever its body is. */
  describe(body: unknown): MessageDescription;
  /** Whether there is nothing to do for a message: it is acknowledged without a lease and a record. Default: there is. */
  ignores?(body: unknown): boolean;
  /** Pure, apart from the jitter of a backoff. */
  decide(failure: Failure, history: MessageHistory): Decision;
}

export interface MessageDescription {
  readonly fields: Readonly<Record<string, string>>;
  readonly attributes: Readonly<Record<string, string>>;
}
