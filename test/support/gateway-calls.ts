import { gatewayKey } from './payments';
import type { Payment } from './payments';
import type { JournalLine, Sandbox } from './sandbox';

/** Faults that happen to a request besides what else the journal says of it. */
const besides: unknown[] = ['delay', 'drop-after', 'ignore-keys', 'forget-keys'];

/** The requests to charge this payment that the gateway is done with, whatever it answered. */
export async function gatewayCalls(
  sandbox: Sandbox,
  payment: Pick<Payment, 'idempotencyKey'>,
): Promise<JournalLine[]> {
  const lines = await sandbox.journal(gatewayKey(payment));
  return lines.filter(({ fault }) => !besides.includes(fault));
}
