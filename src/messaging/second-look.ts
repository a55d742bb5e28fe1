import {
  StoreUnavailableError,
  type ClaimedKey,
  type Failure,
  type IdempotencyService,
  type Outcome,
} from 'nestjs-idempotent';
import type { Disposition } from './disposition';

/** A message that is about to become a dead letter, and the most attempts that its key may have. */
interface GivenUp {
  readonly claimed: ClaimedKey | undefined;
  readonly failure: Failure;
  readonly disposition: Disposition;
  readonly maxAttempts: number;
}

/**
 * The state of the key before its message is given up because the work failed: another copy may have succeeded, be at work,
 * or have attempts left. Undefined: nothing has changed, or the failure does not depend on the work.
 */
export async function secondLook(
  idempotency: IdempotencyService,
  { claimed, failure, disposition, maxAttempts }: GivenUp,
): Promise<Outcome<unknown> | undefined> {
  if (!claimed || disposition.kind !== 'dead-letter' || !dependsOnWork(failure)) return undefined;
  const isForAttempts = disposition.reason === 'retries-exhausted' && hasCount(failure);
  try {
    return await idempotency.lookAgain(claimed, isForAttempts ? { maxAttempts } : {});
  } catch (error) {
    if (error instanceof StoreUnavailableError) return { kind: 'failed', code: 'store-unavailable', error };
    // A record that cannot be read is one more reason for a person to look.
    return undefined;
  }
}

function dependsOnWork({ code }: Failure): boolean {
  return code === 'work-failed' || code === 'retries-exhausted';
}

/** Work that could not start, such as under a key whose attempts cannot be read, was not counted there. */
function hasCount(failure: Failure): boolean {
  return failure.code !== 'work-failed' || failure.attempt > 0;
}
