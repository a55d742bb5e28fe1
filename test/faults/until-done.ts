import { eventually } from '../support/eventually';

/** Repeats the order until it succeeds: another fault may have made the server unavailable. */
export async function untilDone(order: () => Promise<unknown>): Promise<void> {
  await eventually(order, { withinMs: 120_000, everyMs: 250 });
}
