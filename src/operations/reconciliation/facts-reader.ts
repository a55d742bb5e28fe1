import { StoreUnavailableError } from 'nestjs-idempotent';
import type { RedisIdempotencyStore } from 'nestjs-idempotent/redis';
import type { LedgerReader } from '../../ledger/ledger-reader';
import type { GatewayCharge, GatewayCharges } from '../../payment/gateway/gateway-charges';
import { PAYMENT_SCOPE } from '../../payment/payment.dto';
import type { DeadLetter } from '../dead-letters/dead-letter';
import { recordedIn, type PaymentFacts } from './payment-facts';
import { retryWhileUnavailable } from './retry-while-unavailable';

/** What is known by key before the payments are read. */
export interface Known {
  readonly since: Date;
  readonly charges: ReadonlyMap<string, GatewayCharge[]>;
  readonly letters: ReadonlyMap<string, DeadLetter[]>;
}

type InRedis = Pick<PaymentFacts, 'recorded' | 'attempts' | 'isHeld'>;

/** Reads what Redis and the ledger know about payments, and charges that the gateway did not list. */
export class FactsReader {
  constructor(
    private readonly store: Pick<RedisIdempotencyStore, 'find'>,
    private readonly gateway: GatewayCharges,
    private readonly ledger?: LedgerReader,
  ) {}

  /** @throws StoreUnavailableError, LedgerUnavailableError, GatewayError */
  async factsOf(keys: readonly string[], known: Known): Promise<PaymentFacts[]> {
    const inRedis = await Promise.all(keys.map((key) => this.inRedis(key)));
    // After Redis: an outcome is in the ledger before it is recorded.
    const rows = await this.inLedger(keys);
    return Promise.all(
      keys.map((idempotencyKey, place) => {
        const read = inRedis[place] ?? NOTHING;
        return this.withNamedCharges(
          {
            idempotencyKey,
            ...read,
            inLedger: rows.get(idempotencyKey),
            charges: known.charges.get(idempotencyKey) ?? [],
            deadLetters: known.letters.get(idempotencyKey) ?? [],
          },
          known.since,
        );
      }),
    );
  }

  private async inRedis(key: string): Promise<InRedis> {
    try {
      const finding = await retryWhileUnavailable(() => this.store.find({ scope: PAYMENT_SCOPE, key }));
      const isHeld = finding.remainingLeaseMs !== undefined;
      return { recorded: recordedIn(finding), attempts: finding.attempts, isHeld };
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error;
      return { recorded: { kind: 'unreadable' }, attempts: 0, isHeld: false };
    }
  }

  private async inLedger(keys: readonly string[]): ReturnType<LedgerReader['payments']> {
    const { ledger } = this;
    return ledger ? retryWhileUnavailable(() => ledger.payments(keys)) : new Map();
  }

  /** A payment may end long after it was charged; the charge is then older than the period. */
  private async withNamedCharges(facts: PaymentFacts, since: Date): Promise<PaymentFacts> {
    const unlisted = [...namedIn(facts, since)].filter(
      (id) => !facts.charges.some(({ chargeId }) => chargeId === id),
    );
    const found = await Promise.all(unlisted.map((id) => this.gateway.charge(id)));
    return { ...facts, charges: [...facts.charges, ...found.filter((charge) => charge !== undefined)] };
  }
}

const NOTHING: InRedis = { recorded: undefined, attempts: 0, isHeld: false };

/** The charges that the gateway must have, or, of a payment that failed, must not have. */
function namedIn({ recorded, inLedger }: PaymentFacts, since: Date): Set<string> {
  const named = new Set<string>();
  if (recorded?.kind === 'failed' || (recorded?.kind === 'succeeded' && recorded.processedAt >= since))
    named.add(recorded.chargeId);
  const isOfPeriod = inLedger?.settledAt !== undefined && inLedger.settledAt >= since;
  if (isOfPeriod && inLedger.status !== 'declined' && inLedger.chargeId !== undefined)
    named.add(inLedger.chargeId);
  return named;
}
