import {
  StoreUnavailableError,
  type ClaimedKey,
  type IdempotencyService,
  type Unprocessed,
} from '../idempotency';

/**
 * Before a message is given up because its work failed: how its key stands by now, for another copy may have ended or be
 * at work. `answered`: there is a record, and this copy is a duplicate like any other; undefined: nothing has changed.
 */
export async function secondLook(
  idempotency: IdempotencyService,
  claimed: ClaimedKey,
): Promise<Unprocessed | 'answered' | undefined> {
  try {
    const found = await idempotency.lookAgain(claimed);
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
export function isEndOfWork({ kind }: Unprocessed): boolean {
  return kind === 'failed' || kind === 'exhausted';
}
