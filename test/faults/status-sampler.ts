import { setTimeout as sleep } from 'node:timers/promises';
import type { StatusSighting } from './history';
import type { PaymentDatabase } from './payment-database';

const everyMs = 500;
/** So many of the payments published last, and so many of those seen before. */
const keysPerLook = 1_000;

/** Reads statuses in the ledger during the run, and keeps every change. */
export class StatusSampler {
  readonly sightings: StatusSighting[] = [];
  private readonly last = new Map<string, string>();
  private stopped = false;
  private looking: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: PaymentDatabase,
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
    for (const { key, status } of await this.database.statuses(keys)) {
      if (this.last.get(key) === status) continue;
      this.last.set(key, status);
      this.sightings.push({ key, at, status });
    }
  }
}
