import {
  StoreUnavailableError,
  type ClaimedKey,
  type IdempotencyService,
  type Failure,
} from '../idempotency';
import type { Disposition } from './disposition';

/** A message that is about to become a dead letter, and the most attempts that its key may have. */
interface GivenUp {
  readonly claimed: ClaimedKey | undefined;
  readonly outcome: Failure;
  readonly disposition: Disposition;
  readonly maxAttempts: number;
}

/**
 * Before a message is given up because its work failed: how its key stands by now, for another copy may have ended, be at
 * work, or have attempts left. `answered`: there is a record, and this copy is a duplicate like any other; undefined:
 * nothing has changed, or the end of the message does not depend on its work.
 */
export async function secondLook(
  idempotency: IdempotencyService,
  { claimed, outcome, disposition, maxAttempts }: GivenUp,
): Promise<Failure | 'answered' | undefined> {
  if (!claimed || disposition.kind !== 'dead-letter' || !isEndOfWork(outcome)) return undefined;
  const isForAttempts = disposition.reason === 'retries-exhausted' && hasCount(outcome);
  try {
    const found = await idempotency.lookAgain(claimed, isForAttempts ? { maxAttempts } : {});
    return found?.kind === 'replayed' || found?.kind === 'executed' || found?.kind === 'final-error'
      ? 'answered'
      : found;
  } catch (error) {
    if (error instanceof StoreUnavailableError) return { kind: 'store-unavailable', error };
    // A record that nobody can read is one more reason for a person to look.
    return undefined;
  }
}

/** Whether the end of the message depends on its work, and not on what it says itself. */
function isEndOfWork({ kind }: Failure): boolean {
  return kind === 'failed' || kind === 'retries-exhausted';
}

/** Work that could not begin, such as under a key whose attempts nobody can read, was not counted there. */
function hasCount(outcome: Failure): boolean {
  return outcome.kind !== 'failed' || outcome.attempt > 0;
}
