import { setTimeout as sleep } from 'node:timers/promises';

/** Waits; with 0 it does not set a timer, so that a sandbox without latency adds none. */
export async function pause(durationMs: number): Promise<void> {
  if (durationMs > 0) await sleep(durationMs);
}
