/** How long duplicates of a request are recognised, and from which age on it may have been processed and forgotten. */
export interface DeduplicationWindow {
  /** A request older than this, for an unknown key, may have been processed and forgotten. */
  readonly oldestMs: number;
  /** How long the store remembers that a key was worked on; never shorter than its record lives. */
  readonly rememberedMs: number;
}

/**
 * A key must be remembered for the greatest accepted age plus the tolerance: the clock of the sender may be ahead by the
 * tolerance, so a request may look that much younger than it is.
 *
 * Usually the tolerance is taken off the greatest accepted age, and nothing outlives the record. If records live for less
 * than twice the tolerance, that would reject requests that were just made: then the greatest accepted age stays the life
 * of the record, and a note that the key was finished outlives the record by the tolerance.
 */
export function deduplicationWindow(ttlSeconds: number, clockToleranceMs = 0): DeduplicationWindow {
  const ttlMs = ttlSeconds * 1000;
  const oldestMs = 2 * clockToleranceMs <= ttlMs ? ttlMs - clockToleranceMs : ttlMs;
  return { oldestMs, rememberedMs: oldestMs + clockToleranceMs };
}
