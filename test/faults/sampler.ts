import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { claimsIn, redisKeys } from '../support/redis';
import type { Sighting } from './history';

const everyMs = 500;
/** So many of the payments published last, and so many of those seen before. */
const keysPerLook = 100;

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
    const found = await Promise.all(keys.map((key) => this.find(key)));
    // Redis answers in order, so each answer was true at a moment between sending and now.
    found.forEach((facts, position) => this.keep({ key: keys[position] ?? '', at, ...facts }));
  }

  private async find(key: string): Promise<Pick<Sighting, 'record' | 'claims'>> {
    const names = redisKeys(key);
    const [record, claim] = await this.redis.mget(names.record, names.lock);
    const stored = { record: record ?? undefined, claim: claim ?? undefined };
    return { record: stored.record, claims: claimsIn(stored) };
  }

  private keep(sighting: Sighting): void {
    const before = this.last.get(sighting.key);
    if (before?.record === sighting.record && before?.claims === sighting.claims) return;
    this.last.set(sighting.key, sighting);
    this.sightings.push(sighting);
  }
}
