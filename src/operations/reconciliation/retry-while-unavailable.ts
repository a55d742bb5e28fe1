import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailableError } from 'nestjs-idempotent';
import { LedgerUnavailableError } from '../../ledger/ledger-errors';

const TRIES = 5;
const BETWEEN_MS = 1_000;

/**
 * Retries when Redis or the ledger has not answered in time: one slow answer among a million must not end a check that runs for
 * minutes. Only for reads.
 *
 * @throws StoreUnavailableError or LedgerUnavailableError after the last try, and any other error at once
 */
export async function retryWhileUnavailable<T>(read: () => Promise<T>, betweenMs = BETWEEN_MS): Promise<T> {
  for (let left = TRIES - 1; ; left--) {
    try {
      return await read();
    } catch (error) {
      if (left === 0 || !isUnavailable(error)) throw error;
      await sleep(betweenMs);
    }
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof StoreUnavailableError || error instanceof LedgerUnavailableError;
}
