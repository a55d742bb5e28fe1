import { crashPoints } from '../../faults/crash-point-names';
import { faultCatalog, titleOf } from '../../faults/faults';
import { loadOf } from '../../faults/load';
import { laterMethods, methodOf } from '../../faults/payment-methods';
import { durationMs, scheduleOf } from '../../faults/schedule';

const size = { seed: 7, operations: 1_200, faults: 120 };
const variants = faultCatalog.reduce((sum, { variants: { length } }) => sum + length, 0);

describe('the schedule of a fault run', () => {
  it('is the same for the same seed', () => {
    expect(scheduleOf(size, faultCatalog)).toEqual(scheduleOf({ ...size }, faultCatalog));
  });

  it('differs for another seed', () => {
    expect(scheduleOf(size, faultCatalog)).not.toEqual(scheduleOf({ ...size, seed: 8 }, faultCatalog));
  });

  it('has the requested number of faults, in order of time, within the run', () => {
    const times = scheduleOf(size, faultCatalog).map(({ atMs }) => atMs);
    expect(times).toHaveLength(size.faults);
    expect(times).toEqual([...times].sort((one, other) => one - other));
    expect(times.at(-1)).toBeLessThanOrEqual(durationMs(size));
  });

  it('has every variant of every kind once before any variant twice', () => {
    const titles = scheduleOf({ ...size, faults: variants }, faultCatalog).map(({ fault }) => titleOf(fault));
    expect(new Set(titles).size).toBe(variants);
    expect(titles).toEqual(expect.arrayContaining(crashPoints.map((point) => `crash ${point}`)));
  });

  it('draws only from the chosen kinds', () => {
    const kinds = scheduleOf({ ...size, only: ['kill', 'freeze'] }, faultCatalog).map(
      ({ fault }) => fault.kind,
    );
    expect(new Set(kinds)).toEqual(new Set(['kill', 'freeze']));
  });
});

describe('the load of a fault run', () => {
  const load = loadOf(size);
  const kindsIn = (): string[] => [...new Set(load.map(({ kind }) => kind))].sort();

  it('is the same for the same seed, and differs for another seed', () => {
    expect(loadOf({ ...size })).toEqual(load);
    expect(loadOf({ ...size, seed: 8 })).not.toEqual(load);
  });

  it('has each payment before its copies, and every kind of message', () => {
    expect(kindsIn()).toEqual(['copy', 'first', 'hostile', 'late', 'reuse']);
    expect(load.filter(({ kind }) => kind === 'first')).toHaveLength(size.operations);
    const known = new Set<string>();
    for (const message of load) {
      if (message.kind === 'first') known.add(message.payment.idempotencyKey);
      else if (message.kind !== 'hostile') expect(known).toContain(message.payment.idempotencyKey);
    }
  });

  it('has payments that end later in each way, in a currency that their bank debits', () => {
    const payments = load.flatMap((message) => (message.kind === 'first' ? [message.payment] : []));
    const later = payments.filter(({ paymentMethodId }) => methodOf(paymentMethodId).comesLater);
    expect(new Set(later.map(({ paymentMethodId }) => paymentMethodId))).toEqual(new Set(laterMethods));
    expect(later.length).toBeGreaterThan(size.operations / 12);
    for (const { paymentMethodId, currency } of later)
      expect([currency, undefined]).toContain(methodOf(paymentMethodId).currency);
  });

  it('writes amounts with exactly the minor units that the checker expects', () => {
    for (const message of load) {
      if (message.kind !== 'first') continue;
      const decimals = message.payment.currency === 'JPY' ? 0 : 2;
      expect(message.payment.amount.toFixed(decimals)).toBe(
        (message.minorUnits / 10 ** decimals).toFixed(decimals),
      );
      expect(JSON.stringify(message.payment.amount)).toMatch(/^\d+(\.\d{1,2})?$/);
    }
  });
});
