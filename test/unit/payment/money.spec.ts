import { codes } from 'currency-codes';
import fc from 'fast-check';
import '../../support/fixed-seed';
import { InvalidAmountError, decimalsOf, toMoney } from '../../../src/payment/money';

const maxMinorUnits = 99_999_999;

/** Minor units as a person writes them: 115 with two decimals is 1.15. Text only, so that nothing is rounded. */
function inMajorUnits(minorUnits: number, decimals: number): string {
  const digits = String(minorUnits).padStart(decimals + 1, '0');
  const point = digits.length - decimals;
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}

function problemOf(amount: unknown, currency: string): string {
  try {
    toMoney(amount, currency);
  } catch (error) {
    if (error instanceof InvalidAmountError) return error.message;
    throw error;
  }
  return 'none';
}

describe('an amount as people write it', () => {
  it.each([
    { amount: 1.15, currency: 'USD', minorUnits: 115 },
    { amount: 99.99, currency: 'USD', minorUnits: 9_999 },
    { amount: 0.01, currency: 'USD', minorUnits: 1 },
    { amount: 1e-2, currency: 'EUR', minorUnits: 1 },
    { amount: 100, currency: 'EUR', minorUnits: 10_000 },
    { amount: 500, currency: 'JPY', minorUnits: 500 },
    { amount: 1.234, currency: 'KWD', minorUnits: 1_234 },
    { amount: 0.0001, currency: 'CLF', minorUnits: 1 },
    { amount: 999_999.99, currency: 'USD', minorUnits: maxMinorUnits },
    { amount: 99_999_999, currency: 'JPY', minorUnits: maxMinorUnits },
  ])('is $minorUnits minor units for $amount $currency', ({ amount, currency, minorUnits }) => {
    expect(toMoney(amount, currency)).toEqual({ minorUnits, currency });
  });

  it.each(codes())('becomes the minor units it was made of, exactly, in %s', (currency) => {
    const decimals = decimalsOf(currency);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: maxMinorUnits }), (minorUnits) => {
        const amount = Number(inMajorUnits(minorUnits, decimals ?? NaN));
        expect(toMoney(amount, currency)).toEqual({ minorUnits, currency });
      }),
    );
  });
});

describe('an amount that is refused', () => {
  it.each([
    { what: 'a fraction of a cent', amount: 99.999, currency: 'USD', problem: 'at most 2 decimals in USD' },
    { what: '0.1 + 0.2', amount: 0.1 + 0.2, currency: 'USD', problem: 'at most 2 decimals in USD' },
    { what: 'half a yen', amount: 500.5, currency: 'JPY', problem: 'at most 0 decimals in JPY' },
    { what: 'a tenth of a fils', amount: 1.2345, currency: 'KWD', problem: 'at most 3 decimals in KWD' },
    { what: 'the smallest number', amount: Number.MIN_VALUE, currency: 'USD', problem: 'at most 2 decimals' },
    {
      what: 'one cent over the maximum',
      amount: 1_000_000,
      currency: 'USD',
      problem: 'at most 999999.99 in USD',
    },
    { what: 'one yen over the maximum', amount: 1e8, currency: 'JPY', problem: 'at most 99999999 in JPY' },
    { what: 'the largest number', amount: Number.MAX_VALUE, currency: 'USD', problem: 'at most 999999.99' },
    { what: 'zero', amount: 0, currency: 'USD', problem: 'more than zero' },
    { what: 'negative zero', amount: -0, currency: 'USD', problem: 'more than zero' },
    { what: 'a negative amount', amount: -1, currency: 'USD', problem: 'more than zero' },
    { what: 'NaN', amount: NaN, currency: 'USD', problem: 'must be a number' },
    { what: 'Infinity', amount: Infinity, currency: 'USD', problem: 'must be a number' },
    { what: 'a text', amount: '1.15', currency: 'USD', problem: 'must be a number' },
    { what: 'a bigint', amount: 1n, currency: 'USD', problem: 'must be a number' },
    { what: 'nothing', amount: undefined, currency: 'USD', problem: 'must be a number' },
  ])('is $what', ({ amount, currency, problem }) => {
    expect(problemOf(amount, currency)).toContain(problem);
  });
});

describe('a currency', () => {
  it.each([
    ['USD', 2],
    ['JPY', 0],
    ['KWD', 3],
    ['CLF', 4],
  ])('%s has %d decimals', (currency, decimals) => {
    expect(decimalsOf(currency)).toBe(decimals);
  });

  it.each(['usd', 'Usd', 'QQQ', 'US', 'USDT', '840', '', ' USD', 'USD\n', '__proto__'])(
    'is not %p',
    (code) => {
      expect(decimalsOf(code)).toBeUndefined();
      expect(problemOf(1, code)).toBe('currency must be an ISO 4217 code in upper case');
    },
  );
});
