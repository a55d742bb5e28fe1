import { setTimeout as sleep } from 'node:timers/promises';
import type { MissedCrash } from './crash';
import type { PlannedFault } from './schedule';
import type { Turns } from './turns';

/** The faults of one workload. */
export interface Faults<F> {
  /** The name of a variant in tables. */
  titleOf(fault: F): string;
  /** What must not have two faults at once. */
  targetOf(fault: F): string;
  /** @returns the reason if it is a crash that did not happen */
  carryOut(fault: F): Promise<MissedCrash | undefined>;
}

/** Injects each fault at its time. Faults of the same target wait for each other; faults of different targets overlap. */
export class Injector<F> {
  /** How often each happened, by title. */
  readonly counts = new Map<string, number>();
  readonly missed: MissedCrash[] = [];
  readonly failures: string[] = [];

  constructor(
    private readonly faults: Faults<F>,
    private readonly turns: Turns,
  ) {}

  /** How many happened. */
  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  async injectAll(schedule: readonly PlannedFault<F>[], startedAt: number): Promise<void> {
    const injected: Promise<void>[] = [];
    for (const { atMs, fault } of schedule) {
      const early = startedAt + atMs - Date.now();
      if (early > 0) await sleep(early);
      injected.push(this.inject(fault));
    }
    await Promise.all(injected);
  }

  private inject(fault: F): Promise<void> {
    const title = this.faults.titleOf(fault);
    return this.turns
      .after([this.faults.targetOf(fault)], () => this.faults.carryOut(fault))
      .then(
        (missed) =>
          missed
            ? void this.missed.push(missed)
            : void this.counts.set(title, (this.counts.get(title) ?? 0) + 1),
        (error: unknown) => void this.failures.push(`${title}: ${String(error)}`),
      );
  }
}
