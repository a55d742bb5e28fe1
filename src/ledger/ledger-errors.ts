import { messageOf } from '../text/message-of';

/** PostgreSQL refused the connection, or did not answer in time. The step may have been taken or not. */
export class LedgerUnavailableError extends Error {
  override readonly name = 'LedgerUnavailableError';

  constructor(step: string, cause: unknown) {
    super(`the ledger did not confirm '${step}': ${messageOf(cause)}`, { cause });
  }
}

/** PostgreSQL refuses these values: a rule of the ledger would be broken, or it cannot store them. Nothing was changed. */
export class LedgerRefusedError extends Error {
  override readonly name = 'LedgerRefusedError';

  constructor(step: string, cause: unknown) {
    super(`the ledger refuses '${step}': ${messageOf(cause)}`, { cause });
  }
}

/** A migration cannot run; the service must not start. */
export class LedgerMigrationError extends Error {
  override readonly name = 'LedgerMigrationError';
}

/**
 * Classes of errors about values: data, integrity constraint, program limit exceeded, and a row that one statement would
 * change twice (https://www.postgresql.org/docs/current/errcodes-appendix.html).
 */
const ABOUT_VALUES: readonly string[] = ['21', '22', '23', '54'];
/** Serialization failure and deadlock: the statement had no effect and may be sent again. */
const REPEATABLE: readonly string[] = ['40001', '40P01'];

export function isAboutValues(error: unknown): boolean {
  return ABOUT_VALUES.includes(codeOf(error).slice(0, 2));
}

export function isRepeatable(error: unknown): boolean {
  return REPEATABLE.includes(codeOf(error));
}

/** Whether the server has answered with an error, rather than not at all. A server that is just starting has not. */
export function isAnswer(error: unknown): boolean {
  const code = codeOf(error);
  return code !== '' && !code.startsWith('08') && !code.startsWith('57P') && !code.startsWith('53');
}

/** The error for the caller of a step. */
export function ledgerErrorFrom(step: string, error: unknown): LedgerUnavailableError | LedgerRefusedError {
  if (error instanceof LedgerUnavailableError || error instanceof LedgerRefusedError) return error;
  return isAboutValues(error) ? new LedgerRefusedError(step, error) : new LedgerUnavailableError(step, error);
}

/** The SQLSTATE of the server's error, also behind one of the library's outbox; empty for other errors. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const code: unknown = Reflect.get(error, 'code');
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) return code;
  return codeOf(error.cause);
}
