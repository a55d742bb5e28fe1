import {
  StoreUnavailableError,
  type ClaimedKey,
  type Failure,
  type IdempotencyService,
  type Outcome,
} from 'nestjs-idempotent';
import type { DeadLetter, Delay, Disposition } from './disposition';
import type { QueuePolicy } from './queue-policy';

/** A message that is about to become a dead letter, and the most attempts that its key may have. */
interface GivenUp {
  readonly claimed: ClaimedKey | undefined;
  readonly failure: Failure;
  readonly disposition: Disposition;
  readonly maxAttempts: number;
}

/**
 * Before a message is settled: what the store and the policy of its queue know by now. `answered`: it is a duplicate. A
 * failure is decided about instead of the first one.
 */
export async function lookAgain(
  idempotency: IdempotencyService,
  policy: Pick<QueuePolicy, 'maxAttempts' | 'recall' | 'beforeSettled'>,
  given: Omit<GivenUp, 'maxAttempts'> & { readonly disposition: Delay | DeadLetter },
): Promise<'answered' | Failure | undefined> {
  const { claimed, failure, disposition } = given;
  const changed = await secondLook(idempotency, { ...given, maxAttempts: policy.maxAttempts });
  if (changed) return changed.kind === 'failed' ? changed : 'answered';
  if (!claimed) return undefined;
  try {
    const isTooOld = failure.code === 'outside-deduplication-window';
    const recalled = isTooOld ? await policy.recall?.(claimed) : undefined;
    if (recalled === undefined) await policy.beforeSettled?.(claimed, disposition);
    return recalled;
  } catch (error) {
    return { kind: 'failed', code: 'work-failed', error, attempt: 0 };
  }
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
