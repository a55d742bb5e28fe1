import { faultCatalog } from './faults';
import type { Fault, FaultKind } from './faults';
import { Random } from './random';

/** The size and the seed of a run. The same values give the same run. */
export interface RunSize {
  seed: number;
  payments: number;
  faults: number;
  /** The only kinds of faults to draw; all by default. */
  only?: readonly FaultKind[];
}

export interface PlannedFault {
  /** Milliseconds since the start of the load. */
  atMs: number;
  fault: Fault;
}

const faultEveryMs = 1_500;
const paymentsPerSecond = 60;
/** Time for the consumers to start work before the first fault. */
const undisturbedMs = 1_000;

/** How long payments are published and faults begin, if the machine keeps up: the longer of the two times. */
export function durationMs({ payments, faults }: RunSize): number {
  return Math.max((payments / paymentsPerSecond) * 1_000, undisturbedMs + faults * faultEveryMs);
}

/** Whether a run is large enough to contain each variant of its kinds. */
export function hasEveryVariant({ faults, only }: RunSize): boolean {
  return faults >= definitionsOf(only).flatMap(({ variants }) => variants).length;
}

function definitionsOf(only: RunSize['only']): typeof faultCatalog {
  return faultCatalog.filter(({ kind }) => only?.includes(kind) ?? true);
}

/** Every variant of every kind once, in random order, then more by weight, up to the number of faults. */
export function scheduleOf(size: RunSize): PlannedFault[] {
  const random = new Random(size.seed);
  const definitions = definitionsOf(size.only);
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
