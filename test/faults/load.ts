import { hostileMessages } from '../support/hostile-messages';
import type { Payment } from '../support/payments';
import type { RawEntries } from '../support/raw-amqp';
import { Random } from './random';
import { durationMs } from './schedule';
import type { RunSize } from './schedule';
import { debits, declinedCard, holdingCard, methodOf } from './payment-methods';

/** A payment to publish. */
export interface PlannedPayment extends Payment {
  currency: string;
  paymentMethodId: string;
}

/** Message properties and headers to set instead of the usual ones. */
export interface Overrides {
  messageId?: string;
  correlationId?: string;
  /** The AMQP property, in any unit. */
  timestamp?: number;
  /** In addition to the key. */
  headers?: RawEntries;
}

/** A message to publish at a given time of the run. */
export type PlannedMessage = { atMs: number; overrides?: Overrides } & (
  | {
      kind: 'first' | 'copy' | 'late';
      payment: PlannedPayment;
      minorUnits: number;
      /** No fault of the run may use up its attempts. */
      mustSucceed?: true;
    }
  /** A payment that must not be charged but become a dead letter with this reason. */
  | { kind: 'rejected'; payment: PlannedPayment; what: string; reason: string }
  /** Another amount under the key of a payment that already has its outcome. */
  | { kind: 'reuse'; payment: PlannedPayment }
  | { kind: 'hostile'; name: string }
);

interface Currency {
  code: string;
  decimals: number;
}

const currencies: [Currency, ...Currency[]] = [
  { code: 'USD', decimals: 2 },
  { code: 'EUR', decimals: 2 },
  { code: 'JPY', decimals: 0 },
];

const shares = {
  debited: 0.1,
  held: 0.01,
  declined: 0.06,
  copied: 0.15,
  late: 0.12,
  reused: 0.005,
  hostile: 0.02,
};
/** One key gets many concurrent duplicates, in runs that are large enough. */
const manyCopies = { copies: 200, fromOperations: 1_000 };

/** All messages of a run in order of time. */
export function loadOf(size: RunSize): PlannedMessage[] {
  // A seed of its own: load and faults must not draw the same numbers.
  const random = new Random(size.seed ^ 0x10ad);
  const lastMs = durationMs(size);
  const messages = Array.from({ length: size.operations }, (_, position) => {
    const atMs = Math.round((position / size.operations) * lastMs);
    return messagesFor(random, { atMs, lastMs, name: `${size.seed}-${position}` });
  });
  const copies =
    size.operations >= manyCopies.fromOperations ? manyCopiesOf(messages[random.integer(10, 200)]) : [];
  return [...messages.flat(), ...copies].sort((one, other) => one.atMs - other.atMs);
}

/** One payment with its duplicates, reuses and hostile messages. */
function messagesFor(
  random: Random,
  { atMs, lastMs, name }: { atMs: number; lastMs: number; name: string },
): PlannedMessage[] {
  const { payment, minorUnits } = paymentNamed(name, random);
  const messages: PlannedMessage[] = [{ kind: 'first', atMs, payment, minorUnits }];
  const laterMs = (): number => Math.min(lastMs, atMs + random.integer(3_000, 40_000));
  if (random.chance(shares.hostile)) messages.push({ kind: 'hostile', atMs, name: aHostileName(random) });
  if (random.chance(shares.reused)) {
    return [...messages, { kind: 'reuse', atMs: laterMs(), payment: withAnotherAmount(payment) }];
  }
  if (random.chance(shares.copied)) {
    const copies = random.integer(1, 3);
    for (let copy = 0; copy < copies; copy++)
      messages.push({ kind: 'copy', atMs: atMs + random.integer(0, 500), payment, minorUnits });
  }
  if (random.chance(shares.late)) messages.push({ kind: 'late', atMs: laterMs(), payment, minorUnits });
  return messages;
}

function paymentNamed(name: string, random: Random): { payment: PlannedPayment; minorUnits: number } {
  const paymentMethodId = aPaymentMethod(random);
  const { currency: onlyCurrency } = methodOf(paymentMethodId);
  const drawn = random.pick(currencies);
  const currency = currencies.find(({ code }) => code === onlyCurrency) ?? drawn;
  const minorUnits = random.integer(50, 99_999);
  const payment = {
    paymentId: `PAY-${name}`,
    idempotencyKey: `fault-run-${name}`,
    amount: minorUnits / 10 ** currency.decimals,
    currency: currency.code,
    customerId: `CUST-${random.integer(1, 500)}`,
    paymentMethodId,
  };
  return { payment, minorUnits };
}

function aPaymentMethod(random: Random): string {
  if (random.chance(shares.debited)) return random.pick(debits);
  if (random.chance(shares.held)) return holdingCard;
  return random.chance(shares.declined) ? declinedCard : 'pm_card_visa';
}

/** Whole units differ in every currency. */
function withAnotherAmount(payment: PlannedPayment): PlannedPayment {
  return { ...payment, amount: Math.floor(payment.amount) + 1_000 };
}

function aHostileName(random: Random): string {
  const [first, ...rest] = hostileMessages;
  if (first === undefined) throw new Error('no hostile messages to draw from');
  return random.pick([first, ...rest]).name;
}

function manyCopiesOf(messages: readonly PlannedMessage[] | undefined): PlannedMessage[] {
  const first = messages?.[0];
  if (first?.kind !== 'first') return [];
  return Array.from({ length: manyCopies.copies }, () => ({ ...first, kind: 'copy' }));
}
