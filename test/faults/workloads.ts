import { faultCatalog, titleOf } from './faults';
import type { RunOptions } from './options';
import { reportOn } from './payment-report';
import type { Report } from './report';
import { run } from './run';
import { scheduleOf } from './schedule';
import type { PlannedFault } from './schedule';
import { transferFaultCatalog, transferFaultTitle } from './transfer/faults';
import { reportOnTransfers } from './transfer/report';
import { runTransfers } from './transfer/run';

interface Workload {
  /** The planned faults, as lines for people. */
  schedule: () => string[];
  run: () => Promise<Report>;
}

export function workloadOf(options: RunOptions): Workload {
  switch (options.workload) {
    case 'payments':
      return {
        schedule: () => linesOf(scheduleOf(options, faultCatalog), titleOf),
        run: async () => reportOn(await run(options), options),
      };
    case 'transfer':
      return {
        schedule: () => linesOf(scheduleOf(options, transferFaultCatalog), transferFaultTitle),
        run: async () => reportOnTransfers(await runTransfers(options), options),
      };
    default:
      return options satisfies never;
  }
}

function linesOf<F>(schedule: readonly PlannedFault<F>[], titleOf: (fault: F) => string): string[] {
  return schedule.map(({ atMs, fault }) => `${atMs} ms  ${titleOf(fault)}  ${JSON.stringify(fault)}`);
}
