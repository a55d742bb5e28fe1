import { setTimeout as sleep } from 'node:timers/promises';

const everyMs = 500;
/**
 * So many of the payments published last, and so many of those seen before. Many, because a finished payment has no claim: that a
 * stale owner has overwritten a record shows only if the record or the claim was seen before.
 */
const keysPerLook = 1_000;

/** Reads what a server has of payments during the run, and keeps every change. */
export class Sampler<Fact extends { readonly key: string }> {
  readonly sightings: (Fact & { readonly at: number })[] = [];
  /** As JSON. */
  private readonly last = new Map<string, string>();
  private stopped = false;
  private looking: Promise<void> = Promise.resolve();

  constructor(
    private readonly read: (keys: readonly string[]) => Promise<readonly Fact[]>,
    private readonly latestKeys: (count: number) => string[],
  ) {}

  start(): void {
    this.looking = this.lookRepeatedly();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.looking;
  }

  private async lookRepeatedly(): Promise<void> {
    while (!this.stopped) {
      // A server that is down shows nothing.
      await this.look().catch(() => undefined);
      await sleep(everyMs);
    }
  }

  private async look(): Promise<void> {
    const seenBefore = [...this.last.keys()];
    const older = Array.from(
      { length: Math.min(keysPerLook, seenBefore.length) },
      () => seenBefore[Math.floor(Math.random() * seenBefore.length)] ?? '',
    );
    const keys = [...new Set([...this.latestKeys(keysPerLook), ...older])];
    const at = Date.now();
    for (const fact of await this.read(keys)) {
      const { key } = fact;
      const seen = JSON.stringify(fact);
      // With its key alone, there is nothing of a payment yet.
      if (seen === (this.last.get(key) ?? JSON.stringify({ key }))) continue;
      this.last.set(key, seen);
      this.sightings.push({ at, ...fact });
    }
  }
}
