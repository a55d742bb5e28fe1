import { eventually } from '../support/eventually';
import type { Consumer } from './consumer';

const provokeEveryMs = 1_000;
/**
 * How long a consumer may be ready, while messages for its crash point are published, before the crash counts as missed.
 * The broker chooses which consumer gets a message, but it will not pass over the same one sixty times in a row.
 */
const readyForMs = 60_000;
/** Other faults may keep it from being ready for longer; this bounds the whole wait. */
const withinMs = 300_000;

/** A planned crash that did not happen. */
export interface MissedCrash {
  point: string;
  why: string;
}

/** Publishes messages that bring a consumer to a crash point. */
export interface Leading<P extends string> {
  leadTo(point: P): Promise<void>;
}

/** The name of a crash in tables. */
export const crashTitle = (point: string): string => `crash ${point}`;

type CrashingConsumer = Pick<
  Consumer<string>,
  'name' | 'kill' | 'start' | 'hasCrashed' | 'isReady' | 'describe'
>;

/**
 * Replaces a consumer by a process that will die at the point, and publishes messages that lead there until it dies.
 * @returns the reason if it did not die
 */
export async function crashAt<P extends string>(
  point: P,
  { consumer, provocation }: { consumer: CrashingConsumer; provocation: Leading<P> },
): Promise<MissedCrash | undefined> {
  await consumer.kill();
  await consumer.start({ crashAt: point });
  const deadline = Date.now() + withinMs;
  let readyMs = 0;
  while (!consumer.hasCrashed(point) && readyMs < readyForMs && Date.now() < deadline) {
    const lookedAt = Date.now();
    const ready = await consumer.isReady();
    await provocation.leadTo(point);
    await eventually(() => consumer.hasCrashed(point), { withinMs: provokeEveryMs }).catch(() => undefined);
    if (ready) readyMs += Date.now() - lookedAt;
  }
  const missed = consumer.hasCrashed(point) ? undefined : await missedCrash(point, consumer, readyMs);
  await consumer.kill();
  await consumer.start();
  return missed;
}

async function missedCrash(point: string, consumer: CrashingConsumer, readyMs: number): Promise<MissedCrash> {
  const ready = `${consumer.name} was ready for ${Math.round(readyMs / 1_000)} s meanwhile`;
  return { point, why: `${ready}; now: ${await consumer.describe()}` };
}
