import { eventually } from '../support/eventually';

/** A server that is just away takes no orders either; another fault may have done that. */
export async function untilDone(order: () => Promise<unknown>): Promise<void> {
  await eventually(order, { withinMs: 120_000, everyMs: 250 });
}
