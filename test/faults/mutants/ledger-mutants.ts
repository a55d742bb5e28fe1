import type { Rule } from '../checker/finding';
import type { Edit } from './build';

/** Runs with many payments that end later. */
export const ledgerScenarios = {
  'payments that end later': '--payments 500 --faults 0',
  'webhooks lost': '--payments 500 --faults 6 --only webhooks',
} as const;

interface LedgerMutant {
  name: string;
  edits: readonly Edit[];
  scenario: keyof typeof ledgerScenarios;
  caughtBy: Rule;
}

const laterOutcomes = 'src/payment/follow-up/later-outcomes.ts';

/** Plausible mistakes with the ledger, and with outcomes that come later. */
export const ledgerMutants: readonly LedgerMutant[] = [
  {
    // Also the database refuses it, so three checks are missing.
    name: 'an outcome is stored whatever the ledger has',
    edits: [
      {
        file: laterOutcomes,
        replace: "    if (payment.status !== 'processing') return 'ended-before';\n    const result",
        by: '    const result',
      },
      {
        file: 'src/ledger/ledger-statements.ts',
        replace:
          "    AND (p.status = 'in-progress' OR (p.status = 'processing' AND given.status IN ('succeeded', 'failed')))\n",
        by: '',
      },
      {
        file: 'src/ledger/migrations/0001-payments.sql',
        replace: '  IF NEW.status <> OLD.status AND NOT (',
        by: '  IF false AND NOT (',
      },
    ],
    scenario: 'payments that end later',
    caughtBy: 'no state goes back',
  },
  {
    name: 'a later outcome without its record',
    edits: [
      {
        file: laterOutcomes,
        replace:
          "if ((await this.replaceRecordIfAny(idempotencyKey, result)) === 'in-progress') return 'in-progress';",
        by: '',
      },
    ],
    scenario: 'payments that end later',
    caughtBy: 'record and ledger agree',
  },
  {
    name: 'payments that end later are not asked for',
    edits: [
      {
        file: 'src/payment/follow-up/payment-follow-up.ts',
        replace: 'this.looking = this.lookUntilStopped();',
        by: '',
      },
    ],
    scenario: 'webhooks lost',
    caughtBy: 'ledger and gateway agree',
  },
  {
    name: 'the event of a failure is not written',
    edits: [
      {
        file: 'src/ledger/ledger-statements.ts',
        replace: 'FROM ended JOIN given USING (key) WHERE exchange IS NOT NULL',
        by: "FROM ended JOIN given USING (key) WHERE exchange IS NOT NULL AND ended.status <> 'failed'",
      },
    ],
    scenario: 'payments that end later',
    caughtBy: 'each end is told',
  },
];
