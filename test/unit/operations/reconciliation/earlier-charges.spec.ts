import type { GatewayCharge, GatewayCharges } from '../../../../src/payment/gateway/gateway-charges';
import { earlierCharges } from '../../../../src/operations/reconciliation/earlier-charges';

const since = new Date('2026-01-02T12:00:00Z');
const hoursBefore = (hours: number) => new Date(since.getTime() - hours * 3_600_000);
const period = { since, listedSince: hoursBefore(24) };

function aCharge(idempotencyKey: string | undefined, hours: number): GatewayCharge {
  return {
    chargeId: `pi_${idempotencyKey}_${hours}`,
    idempotencyKey,
    createdAt: hoursBefore(hours),
    hasSucceeded: true,
  };
}

/** A gateway that records its calls. */
class Asked implements GatewayCharges {
  readonly searches: (readonly string[])[] = [];
  readonly lists: unknown[][] = [];

  constructor(
    private readonly charges: readonly GatewayCharge[],
    private readonly maySearch = true,
  ) {}

  async *chargesSince(from: Date, before?: Date): AsyncGenerator<GatewayCharge> {
    this.lists.push([from, before]);
    for (const charge of this.charges) if (charge.createdAt >= from) yield await Promise.resolve(charge);
  }

  chargesUnder(keys: readonly string[]): Promise<GatewayCharge[] | undefined> {
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
    const gateway = new Asked(charges);
    expect(await earlierCharges(gateway, keys, period)).toEqual({
      charges: [charges[1], charges[2]],
      lookedBackTo: undefined,
    });
    expect(gateway.lists).toEqual([]);
  });

  it('is searched for ten keys at a time', async () => {
    const gateway = new Asked([]);
    await earlierCharges(gateway, new Set(Array.from({ length: 25 }, (_, index) => `key-${index}`)), period);
    expect(gateway.searches.map(({ length }) => length)).toEqual([10, 10, 5]);
  });
});

describe('a gateway that cannot be searched', () => {
  it('is asked for its list, as far back as a duplicate can arrive', async () => {
    const gateway = new Asked(charges, false);
    expect(await earlierCharges(gateway, keys, period)).toEqual({
      charges: [charges[1]],
      lookedBackTo: period.listedSince,
    });
    expect(gateway.lists).toEqual([[period.listedSince, since]]);
  });
});

describe('more keys than can be searched in reasonable time', () => {
  it('are looked for in the list', async () => {
    const gateway = new Asked(charges);
    const many = new Set(['a', ...Array.from({ length: 5_000 }, (_, index) => `key-${index}`)]);
    expect(await earlierCharges(gateway, many, period)).toMatchObject({ charges: [charges[1]] });
    expect(gateway.searches).toEqual([]);
  });
});
