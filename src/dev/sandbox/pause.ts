import { setTimeout as sleep } from 'node:timers/promises';

/** Waits; with 0 it does not set a timer, so that a sandbox without latency adds none. Rejects when the signal aborts. */
export async function pause(durationMs: number, signal?: AbortSignal): Promise<void> {
  if (durationMs > 0) await sleep(durationMs, undefined, { signal });
}
