import type { IdempotencyRecord } from '../idempotency-store';
import type { StoredClaim } from '../stored-claim';
import { readRecord } from '../stored-record';
import type { Value } from './database';

/** What is stored under a key, as a row of the table; all but `now` is null if there is none. The driver gives bigint as text. */
export interface StoredRow {
  /** The clock of the server. */
  readonly now: string;
  /** Changes with each change of the row. */
  readonly version: string | null;
  readonly owner: string | null;
  /** End of the lease; after a release the time before which no attempt may begin. */
  readonly held_until: string | null;
  readonly claims: number | null;
  readonly uncounted: number | null;
  readonly forgiven: number | null;
  readonly first_at: string | null;
  readonly doubt_at: string | null;
  readonly fingerprint: string | null;
  readonly finished_at: string | null;
  readonly record: string | null;
  readonly record_until: string | null;
  /** The end of everything in the row. */
  readonly ends_at: string | null;
}

/** A row as the engine's types, without what has expired. */
export interface Stored {
  readonly now: number;
  /** Undefined if there is no row at all. */
  readonly version: string | undefined;
  readonly endsAt: number;
  readonly record: IdempotencyRecord | undefined;
  readonly claim: StoredClaim | undefined;
}

export function readRow(row: StoredRow): Stored {
  const now = Number(row.now);
  const endsAt = Number(row.ends_at ?? 0);
  const isLive = row.version !== null && endsAt >= now;
  const hasRecord = isLive && Number(row.record_until ?? 0) >= now;
  return {
    now,
    version: row.version ?? undefined,
    endsAt,
    record: hasRecord ? readRecord(row.record) : undefined,
    claim: isLive ? claimOf(row) : undefined,
  };
}

/** The columns of a claim, in the order in which `replaceClaim` takes them. */
export function columnsOf(claim: StoredClaim): Value[] {
  const { state, count, uncounted, forgiven, firstAt, doubtAt, fingerprint } = claim;
  return [
    state.kind === 'leased' ? state.owner : null,
    heldUntil(state),
    count,
    uncounted,
    forgiven,
    firstAt ?? null,
    doubtAt ?? null,
    fingerprint ?? null,
    state.kind === 'finished' ? state.at : null,
  ];
}

function heldUntil(state: StoredClaim['state']): number | null {
  switch (state.kind) {
    case 'leased':
      return state.until;
    case 'released':
      return state.dueAt ?? null;
    case 'finished':
      return null;
    default:
      return state satisfies never;
  }
}

function claimOf(row: StoredRow): StoredClaim {
  return {
    count: row.claims ?? 0,
    uncounted: row.uncounted ?? 0,
    forgiven: row.forgiven ?? 0,
    firstAt: timeOf(row.first_at),
    doubtAt: timeOf(row.doubt_at),
    fingerprint: row.fingerprint ?? undefined,
    state: stateOf(row),
  };
}

function stateOf({ owner, held_until, finished_at }: StoredRow): StoredClaim['state'] {
  const until = timeOf(held_until);
  if (owner !== null) return { kind: 'leased', owner, until: until ?? 0 };
  const at = timeOf(finished_at);
  return at === undefined ? { kind: 'released', dueAt: until } : { kind: 'finished', at };
}

function timeOf(value: string | null): number | undefined {
  return value === null ? undefined : Number(value);
}
