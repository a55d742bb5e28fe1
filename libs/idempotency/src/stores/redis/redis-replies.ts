import type {
  BeginReply,
  Claim,
  CompleteReply,
  Finding,
  IdempotencyRecord,
  LoadStepsReply,
} from '../idempotency-store';
import { attemptsOf, fitsRecord, readRecord } from '../stored-record';

/** The claim of a key that had none. */
const FIRST_CLAIM: Claim = { fencingToken: 1, attempt: 1, forgivenAttempts: 0, sinceFirstAttemptMs: 0 };

/** Turns the replies of the Lua scripts, as their headers define them, into the types of the store. */
export function parseBeginReply(reply: unknown, fingerprint: string | undefined): BeginReply {
  if (reply === 1) return { kind: 'acquired', claim: FIRST_CLAIM };
  if (typeof reply === 'string') {
    const record = readRecord(reply);
    return fitsRecord(record, fingerprint)
      ? { kind: 'completed', record }
      : { kind: 'idempotency-key-reused' };
  }
  const [kind, ...rest] = asArray(reply);
  switch (kind) {
    case 'idempotency-key-reused':
    case 'outside-deduplication-window':
      return { kind };
    case 'in-progress':
    case 'not-due':
      return { kind, remainingMs: Math.max(0, asNumber(rest[0])) };
    case 'retries-exhausted':
      return { kind, attempts: asNumber(rest[0]) };
    case 'from-the-future':
      return { kind, aheadMs: asNumber(rest[0]) };
    case 'acquired': {
      const [fencingToken, attempt, sinceFirstAttemptMs, sinceForgotten, forgivenAttempts] = rest;
      const sinceForgottenMs = asNumber(sinceForgotten);
      return {
        kind,
        claim: {
          fencingToken: asNumber(fencingToken),
          attempt: asNumber(attempt),
          forgivenAttempts: asNumber(forgivenAttempts),
          sinceFirstAttemptMs: asNumber(sinceFirstAttemptMs),
          ...(sinceForgottenMs >= 0 && { sinceForgottenMs }),
        },
      };
    }
  }
  throw unexpected('begin', reply);
}

export function parseCompleteReply(reply: unknown): CompleteReply {
  return reply === 1 ? { kind: 'stored' } : { kind: 'lost', record: recordIn(reply) };
}

export function parseExtendReply(reply: unknown): 'extended' | 'lost' {
  if (reply === 'extended' || reply === 'lost') return reply;
  throw unexpected('extend', reply);
}

export function parseLoadStepsReply(reply: unknown): LoadStepsReply {
  const [kind, steps] = asArray(reply);
  if (kind === 'lost') return { kind };
  if (kind !== 'loaded' || typeof steps !== 'string') throw unexpected('loadSteps', reply);
  return { kind, steps: steps === '' ? undefined : steps };
}

export function parseSaveStepsReply(reply: unknown): 'saved' | 'lost' {
  if (reply === 'saved' || reply === 'lost') return reply;
  throw unexpected('saveSteps', reply);
}

export function parseReplaceRecordReply(reply: unknown): 'replaced' | 'changed' {
  if (reply === 'replaced' || reply === 'changed') return reply;
  throw unexpected('replaceRecord', reply);
}

export function parseReleaseReply(reply: unknown): 'released' | 'lost' {
  if (reply === 'released' || reply === 'lost') return reply;
  throw unexpected('release', reply);
}

export function parseFindReply(reply: unknown): Finding {
  const [stored, remainingMs, claims, uncounted, forgiven] = asArray(reply);
  const remaining = asNumber(remainingMs);
  const remainingLeaseMs = remaining === -2 ? undefined : Math.max(0, remaining);
  const record = recordIn(stored);
  if (record) return { record, ...attemptsOf(record), remainingLeaseMs };
  const attempts = asNumber(claims);
  return {
    record,
    attempts,
    countedAttempts: attempts - asNumber(uncounted),
    forgivenAttempts: asNumber(forgiven),
    remainingLeaseMs,
  };
}

function recordIn(reply: unknown): IdempotencyRecord | undefined {
  if (reply === null || reply === undefined) return undefined;
  if (typeof reply !== 'string') throw unexpected('a script', reply);
  return readRecord(reply);
}

function asArray(reply: unknown): unknown[] {
  if (!Array.isArray(reply)) throw unexpected('a script', reply);
  return reply;
}

function asNumber(value: unknown): number {
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number !== 'number' || Number.isNaN(number)) throw unexpected('a script', value);
  return number;
}

function unexpected(script: string, reply: unknown): Error {
  return new Error(
    `unexpected reply of ${script}: ${typeof reply}; are two versions of the service on one Redis?`,
  );
}
