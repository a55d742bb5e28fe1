import { NO_COUNTS, type Happening, type Report } from '../../../../src/dev/console/activity';

const facts = { key: 'key-1', at: 1_790_000_000_000 };
const payment = {
  paymentId: 'P',
  amount: 9.99,
  customerId: 'C',
  currency: 'USD',
  paymentMethodId: 'pm_card',
};
const result = { status: 'succeeded', paymentId: 'P', amount: '9.99', currency: 'USD', chargeId: 'pi_1' };

/** One of each kind, with every field that it can have. */
export const EACH_KIND: { readonly [Kind in Happening['kind']]: Extract<Happening, { kind: Kind }> } = {
  published: { ...facts, kind: 'published', payment, copies: 2 },
  started: { ...facts, kind: 'started', attempt: 1, fencingToken: 7, leaseMs: 30_000 },
  'lease-renewed': { ...facts, kind: 'lease-renewed', leaseMs: 30_000 },
  'lease-lost': { ...facts, kind: 'lease-lost' },
  released: { ...facts, kind: 'released' },
  finished: { ...facts, kind: 'finished', result: { ...result, declineCode: 'lost_card' } },
  ended: { ...facts, kind: 'ended', result: { ...result, status: 'failed', declineCode: 'account_closed' } },
  duplicate: { ...facts, kind: 'duplicate', from: 'store', result },
  delayed: { ...facts, kind: 'delayed', delayMs: 250.5, attempts: 1, why: 'gateway-unavailable' },
  dead: { ...facts, kind: 'dead', reason: 'invalid-message', detail: 'no payment', attempts: 0 },
};

export function aReport(overrides: Partial<Report> = {}): Report {
  return {
    process: 'host:1',
    at: facts.at,
    inProgress: 1,
    counts: { ...NO_COUNTS, published: 2 },
    happenings: Object.values(EACH_KIND),
    omitted: 0,
    ...overrides,
  };
}
