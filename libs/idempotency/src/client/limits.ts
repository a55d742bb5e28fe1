/** How often and how long an operation is sent. */
export interface RepeatLimits {
  /** How often it is sent at most, the first time included. */
  readonly maxAttempts?: number;
  /** How many milliseconds one attempt waits for its answer to begin. A later one repeats it, with the same key. */
  readonly attemptTimeoutMs?: number;
  /** How many milliseconds all attempts and the waits between them take at most. */
  readonly maxTotalMs?: number;
}

/** A longer timer would end at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** @throws RangeError which names the setting */
export function checkedLimits(
  { maxAttempts, attemptTimeoutMs, maxTotalMs }: RepeatLimits,
  defaults: Required<RepeatLimits>,
): Required<RepeatLimits> {
  return {
    maxAttempts: whole('maxAttempts', maxAttempts ?? defaults.maxAttempts),
    attemptTimeoutMs: whole('attemptTimeoutMs', attemptTimeoutMs ?? defaults.attemptTimeoutMs),
    maxTotalMs: whole('maxTotalMs', maxTotalMs ?? defaults.maxTotalMs),
  };
}

function whole(name: keyof RepeatLimits, value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= LONGEST_TIMER_MS) return value;
  throw new RangeError(`${name} must be a whole number from 1 to ${LONGEST_TIMER_MS}, not ${value}`);
}
