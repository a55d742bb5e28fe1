/** The longest wait after the first failure of a message; it doubles with each, with full jitter. */
const FIRST_RETRY_MS = 200;
/** So a message that waits for its exchange, or for the broker, is tried about twice a minute. */
const LONGEST_RETRY_MS = 30_000;
/** After batches without any success. Short, because a batch may hold only messages that cannot succeed. */
const LONGEST_PAUSE_MS = 1_000;

/** How long a message waits after it has failed once more, in ms. */
export function retryWaitMs(failures: number): number {
  return fullJitter(Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures));
}

/** How long the relay waits after so many batches, one after the other, in which nothing was published, in ms. */
export function pauseMs(failedBatches: number): number {
  return LONGEST_PAUSE_MS / 2 + fullJitter(Math.min(LONGEST_PAUSE_MS / 2, 100 * 2 ** failedBatches));
}

/** Relays that started together do not ask together. */
export function pollWaitMs(pollMs: number): number {
  return pollMs / 2 + fullJitter(pollMs);
}

function fullJitter(longestMs: number): number {
  return Math.floor(Math.random() * longestMs);
}

/** A wait that can be ended from outside. */
export class Nap {
  private isWoken = false;
  private end: (() => void) | undefined;

  get isAsleep(): boolean {
    return this.end !== undefined;
  }

  /** Ends the wait, or the next one before it begins. */
  wake(): void {
    this.isWoken = true;
    this.end?.();
  }

  async sleep(ms: number): Promise<void> {
    if (!this.isWoken)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.end = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    this.end = undefined;
    this.isWoken = false;
  }
}
