import { Faults, matches } from '../../../../src/dev/sandbox/faults';
import type { FaultMatching, FaultOrder, FaultTarget } from '../../../../src/dev/sandbox/faults';

const create: FaultTarget = {
  request: 'create',
  idempotencyKey: 'payment:one',
  paymentMethod: 'pm_card_visa',
  metadata: { idempotency_key: 'one', payment_id: 'PAY-001' },
};
const read: FaultTarget = { request: 'read', idempotencyKey: null, paymentMethod: null, metadata: {} };

const webhook: FaultTarget = { ...create, request: 'webhook', eventType: 'payment_intent.succeeded' };

function order(overrides: Partial<FaultOrder> = {}): FaultOrder {
  return {
    fault: { kind: 'conflict' },
    matching: { request: 'create' },
    times: 1,
    probability: 1,
    seed: 1,
    ...overrides,
  };
}

function faultsOf(...orders: FaultOrder[]): Faults {
  const faults = new Faults();
  for (const each of orders) faults.add(each);
  return faults;
}

/** Whether each of so many equal requests met a conflict. */
function struck(faults: Faults, requests: number, target = create): boolean[] {
  return Array.from({ length: requests }, () => faults.next(['conflict'], target) !== undefined);
}

describe('the requests that a fault applies to', () => {
  it.each<[string, FaultMatching, FaultTarget, boolean]>([
    ['charges, by default', { request: 'create' }, create, true],
    ['not look-ups, by default', { request: 'create' }, read, false],
    ['look-ups, on demand', { request: 'read' }, read, true],
    ['both, on demand', { request: 'any' }, read, true],
    ['the idempotency key', { request: 'create', idempotencyKey: 'payment:one' }, create, true],
    ['the key in the metadata', { request: 'create', idempotencyKey: 'one' }, create, true],
    ['not another key', { request: 'create', idempotencyKey: 'two' }, create, false],
    ['the payment id', { request: 'create', paymentId: 'PAY-001' }, create, true],
    ['not another payment id', { request: 'create', paymentId: 'PAY-002' }, create, false],
    ['the payment method', { request: 'create', paymentMethod: 'pm_card_visa' }, create, true],
    ['not another payment method', { request: 'create', paymentMethod: 'pm_card_amex' }, create, false],
    ['webhooks, on demand', { request: 'webhook' }, webhook, true],
    ['not the request of a webhook’s payment', { request: 'webhook' }, create, false],
    ['the type of an event', { request: 'webhook', eventType: 'payment_intent.succeeded' }, webhook, true],
    ['not another type', { request: 'webhook', eventType: 'payment_intent.canceled' }, webhook, false],
    [
      'not when only one of two holds',
      { request: 'create', paymentId: 'PAY-001', paymentMethod: 'x' },
      create,
      false,
    ],
  ])('%s', (_what, matching, target, expected) => {
    expect(matches(matching, target)).toBe(expected);
  });
});

describe('a fault happens', () => {
  it('once, and is then removed', () => {
    const faults = faultsOf(order());
    expect([struck(faults, 2), faults.list()]).toEqual([[true, false], []]);
  });

  it('the given number of times', () => {
    expect(struck(faultsOf(order({ times: 2 })), 3)).toEqual([true, true, false]);
  });

  it('until it is removed, with times 0', () => {
    const faults = faultsOf(order({ times: 0 }));
    const before = struck(faults, 50);
    faults.clear();
    expect([before.every(Boolean), struck(faults, 1)]).toEqual([true, [false]]);
  });

  it('for any request, but only charges are counted', () => {
    const faults = faultsOf(order({ matching: { request: 'any' } }));
    expect([struck(faults, 3, read), struck(faults, 2)]).toEqual([
      [true, true, true],
      [true, false],
    ]);
  });

  it('never with probability 0', () => {
    expect(struck(faultsOf(order({ probability: 0, times: 0 })), 100)).not.toContain(true);
  });

  it('about as often as its probability', () => {
    const hits = struck(faultsOf(order({ probability: 0.3, times: 0 })), 10_000).filter(Boolean).length;
    expect(Math.abs(hits - 3_000)).toBeLessThan(200);
  });

  it('to the same requests with the same seed', () => {
    const some = { probability: 0.5, times: 0, seed: 42 };
    expect(struck(faultsOf(order(some)), 100)).toEqual(struck(faultsOf(order(some)), 100));
  });

  it('to other requests with another seed', () => {
    const some = { probability: 0.5, times: 0 };
    expect(struck(faultsOf(order({ ...some, seed: 1 })), 100)).not.toEqual(
      struck(faultsOf(order({ ...some, seed: 2 })), 100),
    );
  });
});

describe('several faults', () => {
  it('apply in the order in which they were added', () => {
    const faults = faultsOf(order(), order({ fault: { kind: 'drop-before' } }));
    const kinds = [1, 2, 3].map(() => faults.next(['conflict', 'drop-before'], create)?.kind);
    expect(kinds).toEqual(['conflict', 'drop-before', undefined]);
  });

  it('of other kinds than the requested ones are not used up', () => {
    const faults = faultsOf(order({ fault: { kind: 'drop-after' } }));
    expect([struck(faults, 1), faults.list()]).toEqual([
      [false],
      [expect.objectContaining({ kind: 'drop-after', fired: 0 })],
    ]);
  });
});
