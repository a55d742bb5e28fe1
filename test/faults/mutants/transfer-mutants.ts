import type { TransferRule } from '../transfer/history';
import type { Edit } from './build';

/** Runs of the workload `transfer`, as small as its mutants allow. */
export const transferScenarios = {
  'transfers undisturbed': '--workload transfer --transfers 100 --faults 0',
  'COMMIT lost': '--workload transfer --transfers 100 --faults 3 --only commit',
  'connections lost':
    '--workload transfer --transfers 100 --faults 6 --only rabbitmq-killed,connections-closed',
  'records held back': '--workload transfer --transfers 100 --faults 4 --only late-record',
} as const;

interface TransferMutant {
  name: string;
  edits: readonly Edit[];
  scenario: keyof typeof transferScenarios;
  caughtBy: TransferRule;
}

/** Plausible mistakes in work whose effect and record are one transaction. */
export const transferMutants: readonly TransferMutant[] = [
  {
    name: 'a record outside of the transaction',
    edits: [
      {
        file: 'libs/idempotency/src/stores/postgres/postgres-idempotency-store.ts',
        replace: 'const { rows } = await transaction.query(this.statements.complete, parameters);',
        by: 'void transaction; const rows = await this.database.rowsOf(this.statements.complete, parameters);',
      },
    ],
    scenario: 'COMMIT lost',
    caughtBy: 'effect and record together',
  },
  {
    name: 'a record in a transaction whatever became of the lease',
    edits: [
      {
        file: 'libs/idempotency/src/stores/postgres/statements.ts',
        replace:
          'AS given (scope, key, owner, record)\n' +
          '  JOIN ${table} t ON t.scope = given.scope AND t.key = given.key AND t.owner = given.owner\n' +
          '  CROSS JOIN clock WHERE t.held_until >= now',
        by:
          'AS given (scope, key, owner, record)\n' +
          '  JOIN ${table} t ON t.scope = given.scope AND t.key = given.key\n' +
          '  CROSS JOIN clock',
      },
    ],
    scenario: 'records held back',
    caughtBy: 'done once',
  },
  {
    name: 'a key in progress is claimed again in PostgreSQL',
    edits: [
      {
        file: 'libs/idempotency/src/stores/stored-claim.ts',
        replace: "if (remainingMs !== undefined) return rejected({ kind: 'in-progress', remainingMs });",
        by: '',
      },
    ],
    scenario: 'transfers undisturbed',
    caughtBy: 'one owner at a time',
  },
  {
    name: 'an unknown COMMIT is taken for done',
    edits: [
      {
        file: 'libs/idempotency/src/engine/transactional-work.ts',
        replace: "return { ...end, kind: 'unknown', error };",
        by: 'return end;',
      },
    ],
    scenario: 'COMMIT lost',
    caughtBy: 'what was told is stored',
  },
  {
    name: 'a message outside of the transaction',
    edits: [
      {
        file: 'libs/idempotency/src/engine/transactional-work.ts',
        replace: 'new RunMessages(this.outbox, transaction, run.request)',
        by: 'new RunMessages(this.outbox, Reflect.get(Reflect.get(this.store, "database"), "pool"), run.request)',
      },
    ],
    scenario: 'transfers undisturbed',
    caughtBy: 'no message without its transfer',
  },
  {
    name: 'a message that is removed before the broker confirms it',
    edits: [
      {
        file: 'libs/idempotency/src/stores/postgres/outbox/relay-batch.ts',
        replace: 'await within(publishTimeoutMs, publish(message));',
        by: 'publish(message).catch(() => undefined);',
      },
    ],
    scenario: 'connections lost',
    caughtBy: 'each message arrives',
  },
];
