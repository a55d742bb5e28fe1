import { eventually } from '../support/eventually';
import type { Consumer } from './consumer';
import type { CrashPoint } from './crash-point-names';
import type { Provocation } from './provocation';

const provokeEveryMs = 1_000;
/**
 * How long a consumer may be ready, with work published for its crash point all the time, before it counts as one that
 * does not get there. Which consumer gets a message is the broker's choice, but not sixty times in a row.
 */
const readyForMs = 60_000;
/** Other faults may keep it from being ready for longer than that; also this must have an end. */
const withinMs = 300_000;

/** A crash that was planned and did not happen. */
export interface MissedCrash {
  point: CrashPoint;
  why: string;
}

type Doomed = Pick<Consumer, 'name' | 'kill' | 'start' | 'hasCrashed' | 'isReady' | 'describe'>;

/**
 * A process that will die at the point takes a consumer's place; work that leads there is published until it does.
 * @returns why it did not, when it did not
 */
export async function crashAt(
  point: CrashPoint,
  { consumer, provocation }: { consumer: Doomed; provocation: Pick<Provocation, 'leadTo'> },
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
  const missed = consumer.hasCrashed(point) ? undefined : await explained(point, consumer, readyMs);
  await consumer.kill();
  await consumer.start();
  return missed;
}

async function explained(point: CrashPoint, consumer: Doomed, readyMs: number): Promise<MissedCrash> {
  const ready = `${consumer.name} was ready for ${Math.round(readyMs / 1_000)} s meanwhile`;
  return { point, why: `${ready}; now: ${await consumer.describe()}` };
}
