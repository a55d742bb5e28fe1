import { setTimeout as sleep } from 'node:timers/promises';
import type { StoreClock } from './store-case';

/** Timers of Node.js may fire a moment early, and a server has another clock than this process. */
const MARGIN_MS = 25;

/** For stores that use the real time: to advance it means to wait. */
export const realClock: StoreClock = {
  now: () => Date.now(),
  advance: (ms) => sleep(ms + MARGIN_MS),
};

/**
 * A clock that moves only with `advance()`, for stores that accept a clock.
 *
 * @example
 * const clock = new ManualClock();
 * const store = new MemoryIdempotencyStore({ now: () => clock.now() });
 */
export class ManualClock implements StoreClock {
  private time = Date.now();

  now(): number {
    return this.time;
  }

  async advance(ms: number): Promise<void> {
    this.time += ms;
  }
}
