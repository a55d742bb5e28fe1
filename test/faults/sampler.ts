import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { redisKeys } from '../support/redis';
import type { Sighting } from './history';

const everyMs = 500;
/** Of the payments published last, and as many of those seen before. */
const keysPerLook = 100;

/** Looks at records and claims in Redis while the run goes on, and keeps what changed since its last look. */
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
    this.looking = this.lookAgainAndAgain();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.looking;
  }

  private async lookAgainAndAgain(): Promise<void> {
    while (!this.stopped) {
      // While Redis is away there is nothing to see.
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
    // Redis answered in order, so all of it was so at one moment between sending and now.
    found.forEach((facts, position) => this.keep({ key: keys[position] ?? '', at, ...facts }));
  }

  private async find(key: string): Promise<Pick<Sighting, 'record' | 'claims'>> {
    const names = redisKeys(key);
    const answers = await this.redis.multi().get(names.record).get(names.attempts).exec();
    const [record, count] = (answers ?? []).map(([, answer]) =>
      typeof answer === 'string' ? answer : undefined,
    );
    return { record, claims: count === undefined ? undefined : Number.parseInt(count, 10) };
  }

  private keep(sighting: Sighting): void {
    const before = this.last.get(sighting.key);
    if (before?.record === sighting.record && before?.claims === sighting.claims) return;
    this.last.set(sighting.key, sighting);
    this.sightings.push(sighting);
  }
}
