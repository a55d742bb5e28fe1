import { IdempotencyError } from './failure';
import type { ScopedKey } from '../stores/idempotency-store';

/** What has a result that is to be stored: the work, or one step of it; or it comes later than the end of the work. */
export interface ResultPlace {
  readonly scope: string;
  readonly step?: string;
  readonly isLater?: boolean;
}

/**
 * The work is done, but JSON cannot hold its result: a `bigint`, a cycle, a buffer, a stream. The error is recorded in
 * place of the result and is the answer to every duplicate, because the work must not be repeated. Or the same of a step of
 * the work: then the step runs again in the next attempt. Or `replaceResult()` was given one: then the recorded result stays.
 *
 * @example
 * // Instead of `return pdf;`, where `pdf` is a Buffer:
 * return { url: await files.store(pdf) };
 */
export class UnrecordableResultError extends IdempotencyError {
  readonly code = 'work-failed';

  constructor(place: ResultPlace, problem: string, options?: ErrorOptions) {
    super(unrecordableMessage(place, problem), options);
  }
}

function unrecordableMessage({ scope, step, isLater = false }: ResultPlace, problem: string): string {
  if (isLater)
    return (
      `the later result in scope '${scope}' cannot be recorded as JSON: ${problem}. Return an id, a URL or text; the ` +
      'recorded result stays as it was'
    );
  return step === undefined
    ? `the work in scope '${scope}' is done, but its result cannot be recorded as JSON: ${problem}. Return an id, a URL or ` +
        'text, or convert the result with `serialize` and `deserialize`. Duplicates get this error; the work is not repeated'
    : `the step '${step}' in scope '${scope}' is done, but its result cannot be stored as JSON: ${problem}. Return an id, ` +
        'a URL or text, because without a stored result each attempt repeats the step';
}

/** A call for a key was made inside the work of the same key, so it would wait for itself for ever. Nothing was started. */
export class NestedCallError extends IdempotencyError {
  readonly code = 'work-failed';

  constructor({ scope, key }: ScopedKey) {
    super(
      `the call for the key '${key}' in scope '${scope}' is made inside the work of that same key, and would wait for ` +
        'itself for ever; do this part of the work without run(), or use another scope or key for it',
    );
  }
}

/**
 * The work took longer than `maxWorkMs`. It may still be going on, and its effect may still happen, but its result is not
 * recorded any more. Also the reason of its abort signal, and thrown by `IdempotencyContext.assertHeld()`.
 */
export class WorkTimeoutError extends IdempotencyError {
  readonly code = 'work-failed';

  constructor(readonly maxWorkMs: number) {
    super(
      `the work has not ended within maxWorkMs (${maxWorkMs} ms); whether it has had an effect is not known. Make it end ` +
        'when the signal of its context is aborted, or set a longer maxWorkMs',
    );
  }
}
