import { messageOf, StoreUnavailableError } from '../../engine/failure';

/** Serialization failure and deadlock: the statement had no effect and may be sent again. */
const REPEATABLE: readonly string[] = ['40001', '40P01'];

/**
 * Classes of errors about the values of one call: data, integrity constraint, program limit exceeded. Every other error
 * means that the database is unhealthy or misconfigured: StoreUnavailableError, no work starts.
 *
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const ABOUT_ONE_CALL: readonly string[] = ['22', '23', '54'];

export function isRepeatable(error: unknown): boolean {
  return REPEATABLE.includes(codeOf(error));
}

export function isAboutOneCall(error: unknown): boolean {
  return ABOUT_ONE_CALL.includes(codeOf(error).slice(0, 2));
}

/** The error for the caller of a step. */
export function failureOf(step: string, table: string, error: unknown): unknown {
  const advised = withAdvice(error, adviceOn(codeOf(error), table));
  return isAboutOneCall(error) ? advised : new StoreUnavailableError(step, advised);
}

/** The error for the caller of `migrate()`. */
export function migrationFailureOf(table: string, error: unknown): unknown {
  return withAdvice(error, migrationAdviceOn(codeOf(error), table));
}

function withAdvice(error: unknown, advice: string | undefined): unknown {
  return advice === undefined ? error : new Error(`${messageOf(error)}; ${advice}`, { cause: error });
}

function adviceOn(code: string, table: string): string | undefined {
  switch (code) {
    case '42P01':
      return `call migrate() of the store when the application starts, or run the SQL that postgresSchema() returns`;
    // A column is missing, or has another type, or there is no primary key.
    case '42703':
    case '42804':
    case '42883':
    case '42P10':
      return `${table} is not a table of this version: name another one in the option 'table', and call migrate()`;
    case '42501':
      return `a role with the right to do so must run: GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO the role of this application`;
    case '25P02':
      return 'the work caught an error of the database and went on; let it throw the error, or use a savepoint';
    case '25006':
      return 'the store needs the primary, not a standby, and default_transaction_read_only off';
    case '22021':
      return 'PostgreSQL cannot store the character U+0000: scope, key, owner token and fingerprint must not contain it';
    case '54000':
      return 'scope and key are too long: together they may have 2,600 bytes';
    default:
      return undefined;
  }
}

function migrationAdviceOn(code: string, table: string): string | undefined {
  switch (code) {
    case '42501':
      return `${table} does not exist, and this role may not create it: call migrate() once as another role, or let that role run the SQL that postgresSchema() returns`;
    case '3F000':
      return `create the schema first, or name another one in the option 'table'`;
    default:
      return adviceOn(code, table);
  }
}

/** For a library whose error has the values of the statement in its message; that of `pg` has not. */
export function throwCause(error: unknown): never {
  throw error instanceof Error && error.cause instanceof Error ? error.cause : error;
}

/** Where libraries keep the error of the driver. */
const INSIDE = ['cause', 'driverError', 'originalError', 'meta', 'driverAdapterError'];
/** Where an error has its code: in `originalCode` if it is of Prisma's adapter for a driver. */
const CODES = ['code', 'originalCode'];
const SQLSTATE = /^[0-9A-Z]{5}$/;
/** Prisma's own code for both of the repeatable ones. */
const WRITE_CONFLICT = 'P2034';

/** The SQLSTATE of an error, or of the one that a library has wrapped in it; empty if it is not from the server. */
function codeOf(error: unknown, depth = 0): string {
  if (typeof error !== 'object' || error === null || depth > INSIDE.length) return '';
  for (const name of CODES) {
    const code: unknown = Reflect.get(error, name);
    if (code === WRITE_CONFLICT) return '40001';
    // Prisma's codes look like one.
    if (typeof code === 'string' && SQLSTATE.test(code) && !code.startsWith('P')) return code;
  }
  for (const name of INSIDE) {
    const inner = codeOf(Reflect.get(error, name), depth + 1);
    if (inner !== '') return inner;
  }
  return '';
}
