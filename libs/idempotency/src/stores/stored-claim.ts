import { deduplicationWindow } from './deduplication-window';
import type { Claim, BeginReply, BeginRequest, Finding, IdempotencyRecord } from './idempotency-store';
import { attemptsOf } from './stored-record';

/** The claim of a key; in Redis one text, which claim.lua describes. */
export interface StoredClaim {
  readonly count: number;
  readonly uncounted: number;
  /** Counted attempts that do not count against the limit. */
  readonly forgiven: number;
  readonly firstAt?: number | undefined;
  /** Since when an earlier attempt may have been forgotten. */
  readonly doubtAt?: number | undefined;
  readonly fingerprint?: string | undefined;
  /** The results of the work's steps; not in PostgreSQL, where `begin` does not read them. */
  readonly steps?: string | undefined;
  readonly state:
    | { readonly kind: 'leased'; readonly owner: string; readonly until: number }
    | { readonly kind: 'released'; readonly dueAt?: number | undefined }
    | { readonly kind: 'finished'; readonly at: number };
}

type Begun =
  | { readonly kind: 'acquired'; readonly stored: StoredClaim; readonly claim: Claim }
  /** The state of the key may have changed nevertheless: more attempts may be forgiven. */
  | {
      readonly kind: 'rejected';
      readonly stored: StoredClaim | undefined;
      readonly reply: Exclude<BeginReply, { kind: 'acquired' | 'completed' }>;
    };

const NOTHING: StoredClaim = { count: 0, uncounted: 0, forgiven: 0, state: { kind: 'released' } };

/** The reply to a request for a key without a record, and what is stored then: the same steps as in begin.lua. */
export function beginning(stored: StoredClaim | undefined, request: BeginRequest, now: number): Begun {
  const madeAt = request.requestedAt?.getTime();
  const { clockToleranceMs, fingerprint } = request;
  const { oldestMs } = deduplicationWindow(request.ttlSeconds, clockToleranceMs);
  let known = stored ?? NOTHING;
  let isForgotten = false;
  if (known.state.kind === 'finished' && now - known.state.at >= oldestMs) {
    // The record has expired. A request that may be older than the end of the work may be a duplicate of it.
    isForgotten = madeAt !== undefined && madeAt - (clockToleranceMs ?? 0) <= known.state.at;
    known = { ...NOTHING, count: known.count, uncounted: known.count };
  }
  let kept = stored;
  const rejected = (reply: Extract<Begun, { kind: 'rejected' }>['reply']): Begun => ({
    kind: 'rejected',
    stored: kept,
    reply,
  });
  if (isBoundToAnother(known, fingerprint)) return rejected({ kind: 'idempotency-key-reused' });
  if (madeAt !== undefined && clockToleranceMs !== undefined && madeAt > now + clockToleranceMs)
    return rejected({ kind: 'from-the-future', aheadMs: madeAt - now });
  const counted = known.count - known.uncounted;
  const { forgivenAttempts: asked = 0 } = request;
  if (asked <= known.count && Math.min(asked, counted) > known.forgiven) {
    // Stored whatever the reply is: other requests of the key come while this one waits.
    kept = known = { ...known, forgiven: Math.min(asked, counted) };
  }
  const remainingMs = remainingLeaseOf(known, now);
  if (remainingMs !== undefined) return rejected({ kind: 'in-progress', remainingMs });
  if (known.state.kind === 'released') {
    const { dueAt } = known.state;
    if (dueAt !== undefined && now < dueAt) return rejected({ kind: 'not-due', remainingMs: dueAt - now });
    if (request.maxAttempts !== undefined && counted - known.forgiven >= request.maxAttempts)
      return rejected({ kind: 'retries-exhausted', attempts: counted });
  }
  const age = ageOf(request, { known, now, oldestMs, isForgotten });
  if (age === 'outside-deduplication-window') return rejected({ kind: age });
  const firstAt = known.firstAt ?? now;
  const doubtAt = age === 'waited' ? Math.max(0, Number(madeAt) - (clockToleranceMs ?? 0)) : known.doubtAt;
  return {
    kind: 'acquired',
    stored: {
      count: known.count + 1,
      uncounted: known.uncounted,
      forgiven: known.forgiven,
      firstAt,
      doubtAt,
      fingerprint: fingerprint ?? known.fingerprint,
      steps: known.steps,
      state: { kind: 'leased', owner: request.ownerToken, until: now + request.leaseMs },
    },
    claim: {
      fencingToken: known.count + 1,
      attempt: counted + 1,
      forgivenAttempts: known.forgiven,
      sinceFirstAttemptMs: Math.max(0, now - firstAt),
      ...(doubtAt !== undefined && { sinceForgottenMs: Math.max(0, now - doubtAt) }),
    },
  };
}

/** If all claims were uncounted, the key is free for any payload again. */
export function uncounting(claim: StoredClaim): StoredClaim {
  const { count, state } = claim;
  const uncounted = claim.uncounted + 1;
  return uncounted === count ? { ...NOTHING, count, uncounted, state } : { ...claim, uncounted };
}

/** Undefined if the lease has ended. As in Redis, it still exists in its last millisecond. */
export function remainingLeaseOf({ state }: StoredClaim, now: number): number | undefined {
  return state.kind === 'leased' && state.until >= now ? state.until - now : undefined;
}

/** What is stored under a key, without what has expired. */
export function findingOf(
  record: IdempotencyRecord | undefined,
  claim: StoredClaim | undefined,
  now: number,
): Finding {
  const remainingLeaseMs = claim && remainingLeaseOf(claim, now);
  if (record) return { record, ...attemptsOf(record), remainingLeaseMs };
  // A finished key whose record has expired counts as unknown, because it may be used again.
  const { count, uncounted, forgiven } = claim && claim.state.kind !== 'finished' ? claim : NOTHING;
  return {
    record,
    attempts: count,
    countedAttempts: count - uncounted,
    forgivenAttempts: forgiven,
    remainingLeaseMs,
  };
}

function isBoundToAnother(known: StoredClaim, fingerprint: string | undefined): boolean {
  return fingerprint !== undefined && known.fingerprint !== undefined && known.fingerprint !== fingerprint;
}

/** A key with a counted attempt was not forgotten, so the age does not count. */
function ageOf(
  { requestedAt, waitingSince }: BeginRequest,
  given: { known: StoredClaim; now: number; oldestMs: number; isForgotten: boolean },
): 'known' | 'waited' | 'outside-deduplication-window' {
  const { known, now, oldestMs, isForgotten } = given;
  if (requestedAt === undefined || known.firstAt !== undefined) return 'known';
  const isOld = (at: number) => at - requestedAt.getTime() > oldestMs;
  if (!isForgotten && !isOld(now)) return 'known';
  return waitingSince === undefined || isOld(Math.min(now, waitingSince.getTime()))
    ? 'outside-deduplication-window'
    : 'waited';
}
