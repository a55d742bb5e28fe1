import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { claimsIn, redisKeys } from '../support/redis';
import type { Sighting } from './history';

const everyMs = 500;
/**
 * So many of the payments published last, and so many of those seen before. Many, because a finished payment has no claim: that a
 * stale owner has overwritten a record shows only if the record or the claim was seen before.
 */
const keysPerLook = 1_000;

/** Reads records and claims in Redis during the run, and keeps every change. */
export class Sampler {
  readonly sightings: Sighting[] = [];
  private readonly last = new Map<string, Sighting>();
  private stopped = false;
  private looking: Promise<void> = Promise.resolve();

  constructor(
    private readonly redis: Redis,
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
      // An unavailable Redis shows nothing.
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
    // One command, so each answer was true at one moment between sending and now.
    const found = await this.redis.mget(keys.map(redisKeys).flatMap(({ record, lock }) => [record, lock]));
    keys.forEach((key, position) => {
      const [record, claim] = found.slice(2 * position, 2 * position + 2).map((text) => text ?? undefined);
      this.keep({ key, at, record, claims: claimsIn({ record, claim }) });
    });
  }

  private keep(sighting: Sighting): void {
    const before = this.last.get(sighting.key);
    if (before?.record === sighting.record && before?.claims === sighting.claims) return;
    this.last.set(sighting.key, sighting);
    this.sightings.push(sighting);
  }
}
