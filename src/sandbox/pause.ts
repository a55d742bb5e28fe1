import { setTimeout as sleep } from 'node:timers/promises';

/** Waits that long; 0 does not even give up the turn, so that a sandbox without latency adds none. */
export async function pause(durationMs: number): Promise<void> {
  if (durationMs > 0) await sleep(durationMs);
}
