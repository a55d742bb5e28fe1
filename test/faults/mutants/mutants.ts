import type { Rule } from '../checker/finding';
import type { TransferRule } from '../transfer/history';
import type { Edit } from './build';
import { ledgerMutants, ledgerScenarios } from './ledger-mutants';
import { transferMutants, transferScenarios } from './transfer-mutants';

/** A run that is long enough to catch some mutants, and in which the unchanged service keeps every promise. */
export type ScenarioName = keyof typeof scenarios;

export const scenarios = {
  'answers lost': '--payments 400 --faults 8 --only gateway',
  'consumers killed': '--payments 500 --faults 14 --only kill --gateway-latency 300',
  'consumers frozen': '--payments 1000 --faults 16 --only freeze --gateway-latency 500',
  'Redis unavailable': '--payments 600 --faults 8 --only redis-killed,redis-frozen --gateway-latency 100',
  'copies refused': '--payments 600 --faults 6 --only rabbitmq-refuses-copies',
  undisturbed: '--payments 800 --faults 0',
  // Without the gateway's keys, the third guard, any fault may charge twice. So these runs have no faults and test the
  // first two guards, record and lease; without a ledger, which is one more.
  'no gateway keys': '--payments 400 --faults 0 --gateway-ignores-keys --without-ledger',
  'no gateway keys, charges longer than the lease':
    '--payments 120 --faults 0 --gateway-ignores-keys --gateway-latency 3200 --without-ledger',
  ...ledgerScenarios,
  ...transferScenarios,
} as const;

/** A plausible mistake, and the promise that it breaks. */
export interface Mutant {
  name: string;
  edits: readonly Edit[];
  scenario: ScenarioName;
  caughtBy: Rule | TransferRule;
}

const stripeGateway = 'src/payment/gateway/stripe-gateway.ts';
const theKey = '{ idempotencyKey: gatewayKey(charge.idempotencyKey) }';
const beginScript = 'libs/idempotency/src/stores/redis/begin.lua';
const completeScript = 'libs/idempotency/src/stores/redis/complete.lua';

export const mutants: readonly Mutant[] = [
  {
    name: 'no gateway key',
    edits: [{ file: stripeGateway, replace: theKey, by: '{}' }],
    scenario: 'answers lost',
    caughtBy: 'charged once',
  },
  {
    name: 'a new gateway key for each attempt',
    edits: [
      {
        file: stripeGateway,
        replace: theKey,
        by: '{ idempotencyKey: `${gatewayKey(charge.idempotencyKey)}:${Date.now()}` }',
      },
    ],
    scenario: 'answers lost',
    caughtBy: 'charged once',
  },
  {
    // Releasing the lease would not be enough, because the gateway's key still protects: this also changes that key.
    name: 'a time-out is treated as a charge that was not made',
    edits: [
      {
        file: stripeGateway,
        replace: theKey,
        by: '{ idempotencyKey: gatewayKey(charge.idempotencyKey) + (timedOut.get(charge.idempotencyKey) ?? "") }',
      },
      {
        file: stripeGateway,
        replace: '      const declined = declinedIn(error);\n',
        by:
          '      if (error instanceof Stripe.errors.StripeConnectionError)\n' +
          '        timedOut.set(charge.idempotencyKey, `:${Date.now()}`);\n' +
          '      const declined = declinedIn(error);\n',
      },
      {
        file: stripeGateway,
        replace: 'const LONGEST_KEY = 255;',
        by: 'const LONGEST_KEY = 255;\nconst timedOut = new Map<string, string>();',
      },
    ],
    scenario: 'answers lost',
    caughtBy: 'charged once',
  },
  {
    name: 'no owner token at completion',
    edits: [
      {
        file: completeScript,
        replace: 'local rest = rest_of(claims[call], ARGV[1 + 2 * call], now)',
        by: "local rest = '1 0 0   '",
      },
      { file: completeScript, replace: "'NX', 'EX', life", by: "'EX', life" },
    ],
    scenario: 'consumers frozen',
    caughtBy: 'tokens grow',
  },
  {
    name: 'acknowledged before it is complete',
    edits: [
      {
        file: 'libs/idempotency/src/handlers/message-handler.ts',
        replace: 'respond: (call) => respondTo(kind, call) };',
        by:
          'respond: (call) => {\n' +
          '    respondTo(kind, call).catch(() => undefined);\n' +
          '    return Promise.resolve(of(undefined));\n' +
          '  } };',
      },
    ],
    scenario: 'consumers killed',
    caughtBy: 'nothing lost',
  },
  {
    name: 'acknowledged over a gap, with the messages in flight',
    edits: [
      {
        file: 'libs/idempotency/src/handlers/joint-acknowledgements.ts',
        replace: 'if (deliveryTag > upTo) this.plain.ack(message);',
        by: 'if (deliveryTag > Infinity) this.plain.ack(message);',
      },
    ],
    scenario: 'consumers killed',
    caughtBy: 'nothing lost',
  },
  {
    name: 'charges while Redis is down',
    edits: [
      {
        file: 'libs/idempotency/src/engine/idempotency.service.ts',
        replace: "? { kind: 'failed', code: 'store-unavailable', error }",
        by:
          "? { kind: 'executed', result: await work({ scope: request.scope, key: request.key, attempt: 1, " +
          'fencingToken: 1, sinceFirstAttemptMs: 0, assertHeld: () => undefined, ' +
          'signal: new AbortController().signal } as never) }',
      },
    ],
    scenario: 'Redis unavailable',
    caughtBy: 'record and gateway agree',
  },
  {
    name: 'no fingerprint',
    edits: [
      {
        file: 'src/payment/payment.consumer.ts',
        replace: 'fingerprint: paymentIdentity,',
        by: 'fingerprint: () => 0,',
      },
    ],
    scenario: 'undisturbed',
    caughtBy: 'dead letters are right',
  },
  {
    name: 'a record that expires before its duplicates arrive',
    edits: [{ file: completeScript, replace: "'NX', 'EX', life", by: "'NX', 'EX', 2" }],
    scenario: 'undisturbed',
    caughtBy: 'record and gateway agree',
  },
  {
    name: 'a retry copy without a publisher confirm',
    edits: [
      {
        file: 'src/messaging/settlement.ts',
        replace: 'if (await isDone(sent)) return disposition;',
        by: 'sent.catch(() => undefined);\n        if (sent !== undefined) return disposition;',
      },
    ],
    scenario: 'copies refused',
    caughtBy: 'nothing lost',
  },
  {
    name: 'recorded before it is charged',
    edits: [
      {
        file: 'libs/idempotency/src/engine/leased-work.ts',
        replace: '        result = await startWork(',
        by:
          '        const processedAt = new Date().toISOString();\n' +
          "        const promised = { processedAt, result: { status: 'succeeded' }, fencingToken };\n" +
          '        await this.store.complete({ ...owner, record: promised, ttlSeconds: this.options.ttlSeconds });\n' +
          '        result = await startWork(',
      },
    ],
    scenario: 'answers lost',
    caughtBy: 'record and gateway agree',
  },
  {
    name: 'a claim that ignores the record',
    edits: [{ file: beginScript, replace: '  if record then', by: '  if false then' }],
    scenario: 'no gateway keys',
    caughtBy: 'charged once',
  },
  {
    name: 'a claim that ignores the lease of another one',
    edits: [
      {
        file: beginScript,
        replace: "elseif holder ~= '=' and holder_until >= now then",
        by: 'elseif false then',
      },
    ],
    scenario: 'no gateway keys, charges longer than the lease',
    caughtBy: 'charged once',
  },
  {
    name: 'a lease that is not renewed',
    edits: [
      {
        file: 'libs/idempotency/src/engine/lease.ts',
        replace: 'this.timer = setTimeout(() => this.renewDue(),',
        by: 'this.timer = setTimeout(() => undefined,',
      },
    ],
    scenario: 'no gateway keys, charges longer than the lease',
    caughtBy: 'charged once',
  },
  ...ledgerMutants,
  ...transferMutants,
];
