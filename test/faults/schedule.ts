import { menu } from './faults';
import type { Fault, FaultKind } from './faults';
import { Random } from './random';

/** How big a run is, and what it is drawn from. The same size gives the same run. */
export interface RunSize {
  seed: number;
  payments: number;
  faults: number;
  /** The only kinds of faults to draw; all by default. */
  only?: readonly FaultKind[];
}

export interface PlannedFault {
  /** Since the start of the load. */
  atMs: number;
  fault: Fault;
}

const faultEveryMs = 1_500;
const paymentsPerSecond = 60;
/** Time for the consumers to get going before the first fault. */
const undisturbedMs = 1_000;

/** How long payments are published and faults begin, where the machine keeps up: as the slower of the two needs. */
export function durationMs({ payments, faults }: RunSize): number {
  return Math.max((payments / paymentsPerSecond) * 1_000, undisturbedMs + faults * faultEveryMs);
}

/** Whether a run is so large that each variant of its kinds is in it. */
export function hasEveryVariant({ faults, only }: RunSize): boolean {
  return faults >= coursesOf(only).flatMap(({ variants }) => variants).length;
}

function coursesOf(only: RunSize['only']): typeof menu {
  return menu.filter(({ kind }) => only?.includes(kind) ?? true);
}

/** Every variant of every kind once, in random order, then more by weight; as many as were asked for. */
export function scheduleOf(size: RunSize): PlannedFault[] {
  const random = new Random(size.seed);
  const courses = coursesOf(size.only);
  const everyVariant = random.shuffled(courses.flatMap(({ variants }) => variants));
  const totalWeight = courses.reduce((sum, { weight }) => sum + weight, 0);
  const byWeight = () => {
    let left = random.fraction() * totalWeight;
    const drawn = courses.find(({ weight }) => (left -= weight) < 0) ?? courses[0];
    if (drawn === undefined) throw new Error('no kind of fault to draw from');
    return random.pick(drawn.variants);
  };
  const spanMs = (durationMs(size) - undisturbedMs) / Math.max(1, size.faults);
  return Array.from({ length: size.faults }, (_, position) => ({
    atMs: Math.round(undisturbedMs + (position + random.fraction()) * spanMs),
    fault: (everyVariant[position] ?? byWeight())(random),
  }));
}
