import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BeginReply, BeginRequest, IdempotencyStore, LeaseOwner } from '../stores/idempotency-store';
import type { EngineOptions } from './engine.options';
import { StoreUnavailableError } from './failure';
import type { IdempotencyEvents } from './idempotency.events';
import type { LeasedWork } from './leased-work';
import type { RunRequest } from './run-request';

/** Asks the store for claims of keys. */
export class Claims {
  /** Together with `count` an owner token that is unique over all processes. */
  private readonly process = randomUUID();
  private count = 0;

  constructor(
    private readonly store: IdempotencyStore,
    private readonly options: EngineOptions,
    private readonly events: IdempotencyEvents,
    private readonly leasedWork: LeasedWork,
  ) {}

  /** @throws StoreUnavailableError, or another error about what is stored under this one key: nothing was started */
  async begin(request: RunRequest): Promise<Begun & { readonly owner: LeaseOwner }> {
    const asked = beginRequest(request, this.options, `${this.process}.${++this.count}`);
    try {
      return { owner: asked, ...(await patientBegin(this.store, request, asked)) };
    } catch (error) {
      if (error instanceof StoreUnavailableError)
        this.events.emit(request, { kind: 'store-unavailable', step: 'begin', error });
      // The store may have granted the lease and only its answer was lost: the release keeps it from blocking the key.
      void this.leasedWork.release(asked, { counting: 'uncounted' });
      throw error;
    }
  }
}

/** The request to the store for a claim; the module's options are its defaults. */
function beginRequest(
  { scope, key, fingerprint, requestedAt, maxAttempts, forgivenAttempts, ...request }: RunRequest,
  options: EngineOptions,
  ownerToken: string,
): BeginRequest {
  return {
    scope,
    key,
    ownerToken,
    leaseMs: request.leaseMs ?? options.leaseMs,
    ttlSeconds: request.ttlSeconds ?? options.ttlSeconds,
    fingerprint,
    requestedAt,
    clockToleranceMs: options.clockToleranceMs,
    maxAttempts,
    forgivenAttempts,
  };
}

/** Wait between two looks at a key in progress; it grows from the first value to the second. */
const FIRST_POLL_MS = 50;
const LONGEST_POLL_MS = 400;

/** The store's last answer, and when it was asked. An attempt that may not start yet counts as in progress. */
interface Begun {
  readonly reply: Exclude<BeginReply, { kind: 'not-due' }>;
  readonly sentAt: number;
}

/** Asks for a claim; while the key is in progress, again for `inProgressWaitMs`. Cheap if the owner is about to finish. */
async function patientBegin(
  store: IdempotencyStore,
  request: Pick<RunRequest, 'inProgressWaitMs' | 'waitingSince'>,
  first: BeginRequest,
): Promise<Begun> {
  let asked = first;
  const waitUntil = performance.now() + (request.inProgressWaitMs ?? 0);
  for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(2 * pollMs, LONGEST_POLL_MS)) {
    const sentAt = performance.now();
    const reply = await store.begin(asked);
    if (reply.kind === 'outside-deduplication-window' && asked.waitingSince === undefined) {
      const waitingSince = await request.waitingSince?.();
      if (!waitingSince) return { reply, sentAt };
      asked = { ...asked, waitingSince };
      continue;
    }
    if (reply.kind !== 'in-progress' && reply.kind !== 'not-due') return { reply, sentAt };
    // A lease may be released early; an attempt never starts before it is due.
    const leastWaitMs = reply.kind === 'in-progress' ? pollMs : Math.max(pollMs, reply.remainingMs);
    if (sentAt + leastWaitMs > waitUntil)
      return { reply: { kind: 'in-progress', remainingMs: reply.remainingMs }, sentAt };
    await sleep(pollMs);
  }
}
