import { setTimeout as sleep } from 'node:timers/promises';
import type { Claim } from './claim';
import type { BeginReply, BeginRequest, IdempotencyStore } from './store/idempotency-store';

/** Between two looks at a busy key: soon at first, then less often. */
const FIRST_BUSY_POLL_MS = 50;
const LONGEST_BUSY_POLL_MS = 400;

/** What the store answered in the end, and when it was asked for that. An attempt that is not due counts as in progress. */
interface Begun {
  readonly reply: Exclude<BeginReply, { kind: 'not-due' }>;
  readonly sentAt: number;
}

/** Begins, and while the key is busy looks again for a while: where the owner is about to finish, that is cheapest. */
export async function patientBegin(
  store: IdempotencyStore,
  claim: Pick<Claim, 'busyWaitMs' | 'waitingSince'>,
  first: BeginRequest,
): Promise<Begun> {
  let request = first;
  const patientUntil = performance.now() + (claim.busyWaitMs ?? 0);
  for (let pollMs = FIRST_BUSY_POLL_MS; ; pollMs = Math.min(2 * pollMs, LONGEST_BUSY_POLL_MS)) {
    const sentAt = performance.now();
    const reply = await store.begin(request);
    if (reply.kind === 'outside-window' && request.waitingSince === undefined) {
      const waitingSince = await claim.waitingSince?.();
      if (!waitingSince) return { reply, sentAt };
      request = { ...request, waitingSince };
      continue;
    }
    if (reply.kind !== 'busy' && reply.kind !== 'not-due') return { reply, sentAt };
    // A lease may be given back early; an attempt that waits begins no sooner than it is due.
    const leastWaitMs = reply.kind === 'busy' ? pollMs : Math.max(pollMs, reply.remainingMs);
    if (sentAt + leastWaitMs > patientUntil)
      return { reply: { kind: 'busy', remainingMs: reply.remainingMs }, sentAt };
    await sleep(pollMs);
  }
}
