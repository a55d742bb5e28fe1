import type { FaultDefinition } from './catalog';
import { Random } from './random';

/** The size and the seed of a run. The same values give the same run. */
export interface RunSize {
  seed: number;
  /** Payments or transfers, not counting duplicates. */
  operations: number;
  faults: number;
  /** The only kinds of faults to draw; all by default. */
  only?: readonly string[];
}

export interface PlannedFault<F> {
  /** Milliseconds since the start of the load. */
  atMs: number;
  fault: F;
}

type Catalog<F extends { kind: string }> = readonly FaultDefinition<F>[];

const faultEveryMs = 1_500;
const operationsPerSecond = 60;
/** Time for the consumers to start work before the first fault. */
const undisturbedMs = 1_000;

/** How long the load is published and faults begin, if the machine keeps up: the longer of the two times. */
export function durationMs({ operations, faults }: RunSize): number {
  return Math.max((operations / operationsPerSecond) * 1_000, undisturbedMs + faults * faultEveryMs);
}

/** Whether a run is large enough to contain each variant of its kinds. */
export function hasEveryVariant<F extends { kind: string }>(
  { faults, only }: RunSize,
  catalog: Catalog<F>,
): boolean {
  return faults >= definitionsOf(catalog, only).flatMap(({ variants }) => variants).length;
}

function definitionsOf<F extends { kind: string }>(catalog: Catalog<F>, only: RunSize['only']): Catalog<F> {
  return catalog.filter(({ kind }) => only?.includes(kind) ?? true);
}

/** Every variant of every kind once, in random order, then more by weight, up to the number of faults. */
export function scheduleOf<F extends { kind: string }>(
  size: RunSize,
  catalog: Catalog<F>,
): PlannedFault<F>[] {
  const random = new Random(size.seed);
  const definitions = definitionsOf(catalog, size.only);
  const everyVariant = random.shuffled(definitions.flatMap(({ variants }) => variants));
  const totalWeight = definitions.reduce((sum, { weight }) => sum + weight, 0);
  const byWeight = () => {
    let left = random.fraction() * totalWeight;
    const drawn = definitions.find(({ weight }) => (left -= weight) < 0) ?? definitions[0];
    if (drawn === undefined) throw new Error('no kind of fault to draw from');
    return random.pick(drawn.variants);
  };
  const spanMs = (durationMs(size) - undisturbedMs) / Math.max(1, size.faults);
  return Array.from({ length: size.faults }, (_, position) => ({
    atMs: Math.round(undisturbedMs + (position + random.fraction()) * spanMs),
    fault: (everyVariant[position] ?? byWeight())(random),
  }));
}
