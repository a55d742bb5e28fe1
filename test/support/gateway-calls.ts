import { gatewayKey } from './payments';
import type { Payment } from './payments';
import type { JournalLine, Sandbox } from './sandbox';

/** Faults with a journal line of their own, in addition to the line for the request's outcome. */
export const extraLines: readonly unknown[] = [
  'delay',
  'drop-after',
  'ignore-keys',
  'forget-keys',
  'settle-after',
  'webhook-lost',
  'webhook-twice',
  'webhook-late',
];

/** The finished requests to charge this payment, whatever the gateway answered. */
export async function gatewayCalls(
  sandbox: Sandbox,
  payment: Pick<Payment, 'idempotencyKey'>,
): Promise<JournalLine[]> {
  const lines = await sandbox.journal(gatewayKey(payment));
  // The end of a payment that was pending belongs to no request.
  return lines.filter(({ fault, pendingSince }) => !extraLines.includes(fault) && pendingSince === undefined);
}
