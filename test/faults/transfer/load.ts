import { Random } from '../random';
import { durationMs } from '../schedule';
import type { RunSize } from '../schedule';
import { accountNames, totalCents } from './transfer';
import type { Transfer } from './transfer';

/** A message to publish at a given time of the run. */
export interface PlannedTransfer {
  atMs: number;
  key: string;
  transfer: Transfer;
  mustFail: boolean;
}

const shares = { mustFail: 0.04, slow: 0.05 };
const mostCopies = 4;
/** After the last fault, so that a record is all that the consumers have of the transfer. */
const afterTheEndMs = { from: 1_000, to: 3_000 };

/** All messages of a run in order of time. */
export function loadOfTransfers(size: RunSize): PlannedTransfer[] {
  // A seed of its own: load and faults must not draw the same numbers.
  const random = new Random(size.seed ^ 0x7a4f);
  const lastMs = durationMs(size);
  return Array.from({ length: size.operations }, (_, position): PlannedTransfer[] => {
    const atMs = Math.round((position / size.operations) * lastMs);
    const mustFail = random.chance(shares.mustFail);
    const first = { key: `${size.seed}-${position}`, transfer: aTransfer(random, mustFail), mustFail };
    const copies = random.integer(0, mostCopies - 1);
    const times = Array.from({ length: copies }, () => timeOfACopy(random, { atMs, lastMs }));
    return [atMs, ...times].map((time) => ({ ...first, atMs: time }));
  })
    .flat()
    .sort((one, other) => one.atMs - other.atMs);
}

export function aTransfer(random: Random, mustFail = false): Transfer {
  const [from = '', to = ''] = random.shuffled(accountNames);
  return {
    from,
    to,
    cents: mustFail ? totalCents + 1 : random.integer(1, 10_000),
    workMs: random.chance(shares.slow) ? random.integer(200, 600) : 0,
  };
}

/** At the same moment, so for another consumer; some time later; or when the run is over. */
function timeOfACopy(random: Random, { atMs, lastMs }: { atMs: number; lastMs: number }): number {
  const when = random.fraction();
  if (when < 0.5) return atMs + random.integer(0, 10);
  if (when < 0.8) return Math.min(lastMs, atMs + random.integer(500, 8_000));
  return lastMs + random.integer(afterTheEndMs.from, afterTheEndMs.to);
}
