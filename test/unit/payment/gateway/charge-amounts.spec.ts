import type * as currencies from '../../../../src/money/currencies';
import { CHARGE_VERSIONS } from '../../../../src/payment/gateway/charge-parameters';
import { aCharge } from '../../../support/stub-gateway';

/** Changes each number, as if all of them had been wrong. */
jest.mock('../../../../src/money/currencies', (): typeof currencies => {
  const actual = jest.requireActual<typeof currencies>('../../../../src/money/currencies');
  const countingOf: typeof actual.countingOf = (code) => {
    const counting = actual.countingOf(code);
    return { ...counting, sentPerMinorUnit: counting.sentPerMinorUnit === 1 ? 100 : 1 };
  };
  return { ...actual, countingOf };
});

describe('a correction in the table of currencies', () => {
  it.each([
    { currency: 'USD', amount: 500 },
    { currency: 'JPY', amount: 500 },
    { currency: 'ISK', amount: 50_000 },
    { currency: 'UGX', amount: 50_000 },
  ] as const)('does not change what an earlier version sends: $currency', ({ currency, amount }) => {
    const charge = aCharge({ money: { minorUnits: 500, currency } });
    const version1 = CHARGE_VERSIONS.at(-1);
    expect(version1?.(charge)).toMatchObject({ amount });
  });
});
