import type { ClaimedKey, Failure } from 'nestjs-idempotent';
import type { DeadLetter, Decision, Delay } from './disposition';
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
  /** By the names that `decide` gives: each pauses this queue alone. `isOver` is called until it resolves with true. */
  readonly pauses?: Readonly<Record<string, QueuePause>>;
  /** The queue's own log fields and span attributes of a message, whatever its body is. */
  describe(body: unknown): MessageDescription;
  /** Whether there is nothing to do for a message: it is acknowledged without a lease and a record. Default: there is. */
  ignores?(body: unknown): boolean;
  /** Pure, apart from the jitter of a backoff. */
  decide(failure: Failure, history: MessageHistory): Decision;
  /**
   * What is known, besides the store, of a message that is too old for it. `answered`: it is a duplicate. Undefined: nothing.
   * If it rejects, that is decided about, as an error of the work.
   */
  recall?(claimed: ClaimedKey): Promise<'answered' | Failure | undefined>;
  /** Called before a message is settled. If it rejects, that is decided about instead. */
  beforeSettled?(claimed: ClaimedKey, disposition: Delay | DeadLetter): Promise<void>;
}

interface QueuePause {
  readonly reason: string;
  readonly isOver: () => Promise<boolean>;
}

export interface MessageDescription {
  readonly fields: Readonly<Record<string, string>>;
  readonly attributes: Readonly<Record<string, string>>;
}
