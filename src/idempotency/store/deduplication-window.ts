/** For how long duplicates of a request are known, and from which age on it may have been processed and forgotten. */
export interface DeduplicationWindow {
  /** A request older than this, of which nothing is known, may have been processed and forgotten. */
  readonly oldestMs: number;
  /** How long it is remembered that a key was worked on; never shorter than its record lives. */
  readonly rememberedMs: number;
}

/**
 * What is remembered must last for the greatest accepted age and the tolerance together: the clock that wrote the
 * request's time may be that much ahead, so the request looks that much younger than it is.
 *
 * Usually the age counts as older by the tolerance, and nothing outlives the record. Where records live for less than
 * twice the tolerance that would refuse requests that were just made: there the age counts as it is, and a note that
 * the key was finished outlives the record by the tolerance.
 */
export function deduplicationWindow(ttlSeconds: number, clockToleranceMs = 0): DeduplicationWindow {
  const ttlMs = ttlSeconds * 1000;
  const oldestMs = 2 * clockToleranceMs <= ttlMs ? ttlMs - clockToleranceMs : ttlMs;
  return { oldestMs, rememberedMs: oldestMs + clockToleranceMs };
}
