import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BeginReply, BeginRequest, IdempotencyStore, LeaseOwner } from '../stores/idempotency-store';
import type { EngineOptions } from './engine.options';
import { StoreUnavailableError } from './failure';
import type { IdempotencyEvents } from './idempotency.events';
import type { LeasedWork } from './leased-work';
import type { RunRequest } from './run-request';

/** Wait between two looks at a key in progress; it grows from the first value to the second. */
const FIRST_POLL_MS = 50;
const LONGEST_POLL_MS = 400;

/** So many that no two processes ever have the same; short, because each step sends them. */
const UNIQUE_BYTES = 12;

/** The store's last answer, and when it was asked. An attempt that may not start yet counts as in progress. */
export interface Begun {
  readonly owner: LeaseOwner;
  readonly reply: Exclude<BeginReply, { kind: 'not-due' }>;
  readonly sentAt: number;
}

/** Asks the store for claims of keys. */
export class Claims {
  /** Together with `count` an owner token that is unique over all processes. */
  private readonly process = randomBytes(UNIQUE_BYTES).toString('base64url');
  private count = 0;

  constructor(
    private readonly store: IdempotencyStore,
    private readonly options: EngineOptions,
    private readonly events: IdempotencyEvents,
    private readonly leasedWork: LeasedWork,
  ) {}

  /**
   * Asks for a claim; while the key is in progress, again for `inProgressWaitMs`. Cheap if the owner is about to finish.
   *
   * @throws StoreUnavailableError, or another error about what is stored under this one key: nothing was started
   */
  async begin(request: RunRequest): Promise<Begun> {
    const owner = beginRequest(request, this.options, `${this.process}.${++this.count}`);
    let asked = owner;
    let firstSentAt: number | undefined;
    try {
      for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(2 * pollMs, LONGEST_POLL_MS)) {
        const sentAt = performance.now();
        firstSentAt ??= sentAt;
        const reply = await this.store.begin(asked);
        if (reply.kind === 'outside-deduplication-window' && asked.waitingSince === undefined) {
          const waitingSince = await request.waitingSince?.();
          if (!waitingSince) return { owner, reply, sentAt };
          asked = { ...asked, waitingSince };
          continue;
        }
        if (reply.kind !== 'in-progress' && reply.kind !== 'not-due') return { owner, reply, sentAt };
        // A lease may be released early; an attempt never starts before it is due.
        const leastWaitMs = reply.kind === 'in-progress' ? pollMs : Math.max(pollMs, reply.remainingMs);
        if (sentAt + leastWaitMs > firstSentAt + (request.inProgressWaitMs ?? 0))
          return { owner, reply: { kind: 'in-progress', remainingMs: reply.remainingMs }, sentAt };
        await sleep(pollMs);
      }
    } catch (error) {
      if (error instanceof StoreUnavailableError)
        this.events.emit(request, { kind: 'store-unavailable', step: 'begin', error });
      // The store may have granted the lease and only its answer was lost: the release keeps it from blocking the key.
      void this.leasedWork.release(owner, { counting: 'uncounted' });
      throw error;
    }
  }
}

/** The request to the store for a claim; the module's options are its defaults. */
function beginRequest(request: RunRequest, options: EngineOptions, ownerToken: string): BeginRequest {
  return {
    scope: request.scope,
    key: request.key,
    ownerToken,
    leaseMs: request.leaseMs ?? options.leaseMs,
    ttlSeconds: request.ttlSeconds ?? options.ttlSeconds,
    fingerprint: request.fingerprint,
    requestedAt: request.requestedAt,
    clockToleranceMs: options.clockToleranceMs,
    maxAttempts: request.maxAttempts,
    forgivenAttempts: request.forgivenAttempts,
  };
}
