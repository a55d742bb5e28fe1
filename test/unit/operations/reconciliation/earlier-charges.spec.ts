import type { LedgerCharge, PaymentLedger } from '../../../../src/payment/gateway/payment-ledger';
import { earlierCharges } from '../../../../src/operations/reconciliation/earlier-charges';

const since = new Date('2026-01-02T12:00:00Z');
const hoursBefore = (hours: number) => new Date(since.getTime() - hours * 3_600_000);
const period = { since, listedSince: hoursBefore(24) };

function aCharge(idempotencyKey: string | undefined, hours: number): LedgerCharge {
  return { chargeId: `pi_${idempotencyKey}_${hours}`, idempotencyKey, createdAt: hoursBefore(hours) };
}

/** A ledger that records its calls. */
class Asked implements PaymentLedger {
  readonly searches: (readonly string[])[] = [];
  readonly lists: unknown[][] = [];

  constructor(
    private readonly charges: readonly LedgerCharge[],
    private readonly maySearch = true,
  ) {}

  async *chargesSince(from: Date, before?: Date): AsyncGenerator<LedgerCharge> {
    this.lists.push([from, before]);
    for (const charge of this.charges) if (charge.createdAt >= from) yield await Promise.resolve(charge);
  }

  chargesUnder(keys: readonly string[]): Promise<LedgerCharge[] | undefined> {
    this.searches.push(keys);
    const found = this.charges.filter(({ idempotencyKey }) => keys.includes(idempotencyKey ?? ''));
    return Promise.resolve(this.maySearch ? found : undefined);
  }

  charge(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

const charges = [
  aCharge('a', -1),
  aCharge('a', 1),
  aCharge('a', 100_000),
  aCharge('of no interest', 1),
  aCharge(undefined, 1),
];
const keys = new Set(['a', 'b']);

describe('a gateway that can be searched', () => {
  it('is searched for the charges of the keys, and all charges before the period are used', async () => {
    const ledger = new Asked(charges);
    expect(await earlierCharges(ledger, keys, period)).toEqual({
      charges: [charges[1], charges[2]],
      lookedBackTo: undefined,
    });
    expect(ledger.lists).toEqual([]);
  });

  it('is searched for ten keys at a time', async () => {
    const ledger = new Asked([]);
    await earlierCharges(ledger, new Set(Array.from({ length: 25 }, (_, index) => `key-${index}`)), period);
    expect(ledger.searches.map(({ length }) => length)).toEqual([10, 10, 5]);
  });
});

describe('a gateway that cannot be searched', () => {
  it('is asked for its list, as far back as a duplicate can arrive', async () => {
    const ledger = new Asked(charges, false);
    expect(await earlierCharges(ledger, keys, period)).toEqual({
      charges: [charges[1]],
      lookedBackTo: period.listedSince,
    });
    expect(ledger.lists).toEqual([[period.listedSince, since]]);
  });
});

describe('more keys than can be searched in reasonable time', () => {
  it('are looked for in the list', async () => {
    const ledger = new Asked(charges);
    const many = new Set(['a', ...Array.from({ length: 5_000 }, (_, index) => `key-${index}`)]);
    expect(await earlierCharges(ledger, many, period)).toMatchObject({ charges: [charges[1]] });
    expect(ledger.searches).toEqual([]);
  });
});
