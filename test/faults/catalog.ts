import type { Random } from './random';

export const consumerCount = 3;

export type Draw<F> = (random: Random) => F;

/** A kind of fault that a run may draw. */
export interface FaultDefinition<F extends { kind: string }> {
  kind: F['kind'];
  /** How often it is drawn, compared with the others. */
  weight: number;
  variants: readonly [Draw<F>, ...Draw<F>[]];
}

export function anyConsumer(random: Random): number {
  return random.integer(0, consumerCount - 1);
}

/** Leases last 2 s in a run, so a freeze outlasts the lease. */
export function beyondTheLease(random: Random): number {
  return random.integer(2_500, 5_000);
}

/** One variant for each item. */
export function each<T, F>(items: readonly T[], draw: (item: T) => Draw<F>): [Draw<F>, ...Draw<F>[]] {
  const [first, ...rest] = items.map(draw);
  if (first === undefined) throw new Error('a kind of fault without a variant');
  return [first, ...rest];
}
