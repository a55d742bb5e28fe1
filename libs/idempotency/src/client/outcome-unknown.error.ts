/** How an operation ended without an answer. */
export interface UnknownOutcome {
  readonly idempotencyKey: string;
  readonly attempts: number;
  readonly cause: unknown;
  /** The caller aborted it; the cause is the reason of its signal. */
  readonly isAborted: boolean;
}

/**
 * An operation was sent, or was about to be, and no answer came: whether it was done is not known. Send it again later with
 * the same key. The `cause` is the last network error, time-out or error of the broker, or the reason of the abort.
 *
 * If the caller's signal aborted the operation, `name` is that of its reason, as fetch() would reject: `AbortError`, or
 * `TimeoutError` of `AbortSignal.timeout()`.
 *
 * @example
 * try {
 *   await send('https://shop.example/orders', { method: 'POST', body });
 * } catch (error) {
 *   if (!(error instanceof OutcomeUnknownError)) throw error;
 *   await unfinished.save({ key: error.idempotencyKey, body });
 * }
 */
export class OutcomeUnknownError extends Error {
  override readonly name: string;
  /** The key that the operation was sent with. */
  readonly idempotencyKey: string;
  /** How often it was sent. 0: it was aborted before. */
  readonly attempts: number;

  constructor({ idempotencyKey, attempts, cause, isAborted }: UnknownOutcome) {
    super(
      `${isAborted ? 'aborted' : 'no answer'} after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}` +
        ` (${messageOf(cause)}): whether the operation was done is not known; repeat it with the same` +
        ` Idempotency-Key, ${idempotencyKey}`,
      { cause },
    );
    this.name = (isAborted ? nameOf(cause) : undefined) ?? 'OutcomeUnknownError';
    this.idempotencyKey = idempotencyKey;
    this.attempts = attempts;
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Not with `instanceof`: the reason of an abort is a DOMException, which is an Error of another kind in some runtimes. */
function nameOf(reason: unknown): string | undefined {
  if (typeof reason !== 'object' || reason === null || !('name' in reason)) return undefined;
  return typeof reason.name === 'string' ? reason.name : undefined;
}
