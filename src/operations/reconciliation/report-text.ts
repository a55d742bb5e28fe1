import { printable } from '../../text/printable';
import type { BrokenPayment, Report } from './reconciliation';

const LABEL_WIDTH = 26;

/** The report as text for people. */
export function reportText({ since, lookedBackTo, payments, charges, ledger, broken }: Report): string {
  const lines = [
    `Since ${since.toISOString()}`,
    row('succeeded', payments.succeeded),
    row('declined', payments.declined),
    row('failed', payments.failed),
    row('processing', payments.processing),
    row('dead letters', payments['dead-letter']),
    row('in progress', payments['in-progress']),
    row('broken', payments.broken),
    row('charges at the gateway', charges.ours),
    ...(charges.ofOthers > 0 ? [row('charges without our key', charges.ofOthers)] : []),
    ...(ledger ? ledgerRows(ledger) : []),
    ...(lookedBackTo
      ? [
          `Earlier charges of the same keys: read only since ${lookedBackTo.toISOString()}, from the gateway's list`,
        ]
      : []),
  ];
  return [lines.join('\n'), ...broken.map(paragraph), conclusion(broken)].join('\n\n');
}

function ledgerRows({ since, payments }: NonNullable<Report['ledger']>): string[] {
  return [
    `In the ledger, which was switched on at ${since.toISOString()}`,
    row('succeeded', payments.succeeded),
    row('declined', payments.declined),
    row('failed', payments.failed),
    row('processing', payments.processing),
    row('in progress', payments['in-progress']),
  ];
}

function row(label: string, count: number): string {
  return `  ${label.padEnd(LABEL_WIDTH)}${String(count).padStart(9)}`;
}

function paragraph({ idempotencyKey, problems }: BrokenPayment): string {
  return [
    printable(JSON.stringify(idempotencyKey)),
    ...problems.flatMap(({ kind, detail, advice }) => [
      `  ${kind}: ${printable(detail)}`,
      `    -> ${advice}`,
    ]),
  ].join('\n');
}

function conclusion(broken: readonly BrokenPayment[]): string {
  if (broken.length === 0)
    return 'Each payment was charged at most once, and has exactly one end or is in progress.';
  return `${broken.length} broken. Before you act, run the check again in a minute: the service may still be processing them.`;
}
