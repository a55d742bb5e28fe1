import type { RepeatLimits } from './limits';
import { OutcomeUnknownError } from './outcome-unknown.error';

/** What one attempt at an operation brought. */
export type Attempted<T> =
  | { readonly kind: 'done'; readonly value: T }
  /** An answer that asks for a repeat, not before `notBeforeMs`; `discard` frees it if there is one. */
  | {
      readonly kind: 'repeat';
      readonly value: T;
      readonly notBeforeMs: number;
      readonly discard: () => void;
    }
  /** No answer. */
  | { readonly kind: 'no-answer'; readonly cause: unknown };

export interface Operation<T> {
  readonly idempotencyKey: string;
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
  /**
   * Sends it once. The signal is aborted when the time is up, or by the caller. What it throws is thrown to the caller,
   * without a repeat.
   */
  readonly attempt: (signal: AbortSignal, timeoutMs: number) => Promise<Attempted<T>>;
}

/** What tests replace. */
export interface Timing {
  /** Milliseconds of a clock that nobody sets. */
  now(): number;
  /** From 0 to 1. */
  random(): number;
  /** Resolves after that time, or at once when the signal is aborted. */
  pause(ms: number, signal: AbortSignal | undefined): Promise<void>;
}

/** The wait before the second attempt is at most this long, and doubles from one to the next. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 8_000;

/**
 * Sends an operation until there is an answer, within the limits. Between two attempts it waits as long as the answer asks
 * for, and a random part of an exponentially growing time (full jitter): clients that were refused together must not come
 * back together.
 *
 * @returns the answer, also one that asks for another repeat when the limits are reached
 * @throws OutcomeUnknownError when the last attempt had no answer, or the caller aborts
 */
export async function repeatOperation<T>(
  { idempotencyKey, signal, attempt }: Operation<T>,
  { maxAttempts, attemptTimeoutMs, maxTotalMs }: Required<RepeatLimits>,
  timing: Timing,
): Promise<T> {
  const endsAt = timing.now() + maxTotalMs;
  for (let attempts = 0; ;) {
    if (signal?.aborted) {
      throw new OutcomeUnknownError({ idempotencyKey, attempts, cause: signal.reason, isAborted: true });
    }
    attempts += 1;
    const timeoutMs = Math.max(1, Math.min(attemptTimeoutMs, Math.floor(endsAt - timing.now())));
    const attempted = await withTimeout(attempt, { timeoutMs, caller: signal });
    if (attempted.kind === 'done') return attempted.value;
    const waitMs = waitAfter(attempted, attempts, timing.random());
    const isLast = attempts >= maxAttempts || timing.now() + waitMs >= endsAt;
    if (isLast && !signal?.aborted) {
      if (attempted.kind === 'repeat') return attempted.value;
      throw new OutcomeUnknownError({ idempotencyKey, attempts, cause: attempted.cause, isAborted: false });
    }
    if (attempted.kind === 'repeat') attempted.discard();
    await timing.pause(waitMs, signal);
  }
}

function waitAfter<T>(
  attempted: Exclude<Attempted<T>, { kind: 'done' }>,
  attempts: number,
  random: number,
): number {
  const notBeforeMs = attempted.kind === 'repeat' ? attempted.notBeforeMs : 0;
  return notBeforeMs + random * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempts - 1));
}

/** One attempt. Its signal is aborted when the caller's is, and when its time is up before it has an answer. */
async function withTimeout<T>(
  attempt: Operation<T>['attempt'],
  { timeoutMs, caller }: { timeoutMs: number; caller: AbortSignal | undefined },
): Promise<Attempted<T>> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  const signal = caller ? AbortSignal.any([caller, timeout.signal]) : timeout.signal;
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<Attempted<T>>((resolve) => {
    onAbort = () => resolve({ kind: 'no-answer', cause: signal.reason });
    signal.addEventListener('abort', onAbort);
  });
  try {
    // Raced, because not everything that sends knows signals.
    return await Promise.race([attempt(signal, timeoutMs), aborted]);
  } finally {
    clearTimeout(timer);
    // The signal outlives the attempt: it still ends the reading of an answer's body.
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}

export const REAL_TIMING: Timing = {
  now: () => performance.now(),
  random: () => Math.random(),
  pause: (ms, signal) =>
    new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done);
      if (signal?.aborted) done();
    }),
};
