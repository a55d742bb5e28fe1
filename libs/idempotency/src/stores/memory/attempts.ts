import { deduplicationWindow } from '../deduplication-window';
import type { Claim, BeginReply, BeginRequest } from '../idempotency-store';

/** The state of a key apart from its record; the same as begin.lua stores as one text. */
export interface Attempts {
  readonly count: number;
  readonly uncounted: number;
  /** Counted attempts that do not count against the limit. */
  readonly forgiven: number;
  readonly firstAt?: number | undefined;
  /** Since when an earlier attempt may have been forgotten. */
  readonly doubtAt?: number | undefined;
  readonly fingerprint?: string | undefined;
  readonly state:
    | { readonly kind: 'begun' }
    | { readonly kind: 'released'; readonly dueAt?: number | undefined }
    | { readonly kind: 'finished'; readonly at: number };
}

type Begun =
  | { readonly kind: 'acquired'; readonly attempts: Attempts; readonly claim: Claim }
  /** The state of the key may have changed nevertheless: more attempts may be forgiven. */
  | {
      readonly kind: 'rejected';
      readonly attempts: Attempts | undefined;
      readonly reply: Exclude<BeginReply, { kind: 'acquired' | 'completed' }>;
    };

export const NOTHING: Attempts = { count: 0, uncounted: 0, forgiven: 0, state: { kind: 'released' } };

/** The reply to a request for a key without a record, and its new state: the same steps as in begin.lua. */
export function beginning(
  stored: Attempts | undefined,
  request: BeginRequest,
  { now, remainingLeaseMs }: { now: number; remainingLeaseMs: number | undefined },
): Begun {
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
    attempts: kept,
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
  if (remainingLeaseMs !== undefined) return rejected({ kind: 'in-progress', remainingMs: remainingLeaseMs });
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
    attempts: {
      count: known.count + 1,
      uncounted: known.uncounted,
      forgiven: known.forgiven,
      firstAt,
      doubtAt,
      fingerprint: fingerprint ?? known.fingerprint,
      state: { kind: 'begun' },
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
export function uncounting(attempts: Attempts): Attempts {
  const { count, state } = attempts;
  const uncounted = attempts.uncounted + 1;
  return uncounted === count ? { ...NOTHING, count, uncounted, state } : { ...attempts, uncounted };
}

export function finished(attempts: Attempts, at: number): Attempts {
  return { ...attempts, state: { kind: 'finished', at } };
}

/** A finished key whose record has expired counts as unknown, because it may be used again. */
export function forgetting(attempts: Attempts | undefined): Attempts | undefined {
  return attempts?.state.kind === 'finished' ? undefined : attempts;
}

function isBoundToAnother(known: Attempts, fingerprint: string | undefined): boolean {
  return fingerprint !== undefined && known.fingerprint !== undefined && known.fingerprint !== fingerprint;
}

/** A key with a counted attempt was not forgotten, so the age does not count. */
function ageOf(
  { requestedAt, waitingSince }: BeginRequest,
  given: { known: Attempts; now: number; oldestMs: number; isForgotten: boolean },
): 'known' | 'waited' | 'outside-deduplication-window' {
  const { known, now, oldestMs, isForgotten } = given;
  if (requestedAt === undefined || known.firstAt !== undefined) return 'known';
  const isOld = (at: number) => at - requestedAt.getTime() > oldestMs;
  if (!isForgotten && !isOld(now)) return 'known';
  return waitingSince === undefined || isOld(Math.min(now, waitingSince.getTime()))
    ? 'outside-deduplication-window'
    : 'waited';
}
