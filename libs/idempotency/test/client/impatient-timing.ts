import type { Timing } from '../../src/client/repeat';

/** Time that passes only in waits, and at once. */
export class ImpatientTiming implements Timing {
  /** The waits so far, in milliseconds. */
  readonly waits: number[] = [];
  /** What `random()` returns: 1 gives the longest waits. */
  chance = 0;
  /** Called in each wait. */
  onWait: (ms: number) => Promise<void> = () => Promise.resolve();
  private elapsedMs = 0;

  now(): number {
    return this.elapsedMs;
  }

  random(): number {
    return this.chance;
  }

  async pause(ms: number): Promise<void> {
    this.waits.push(ms);
    this.elapsedMs += ms;
    await this.onWait(ms);
  }
}
