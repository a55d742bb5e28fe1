import { InvalidAmountError, inMajorUnits, toMoney } from '../../../src/money/money';

const maxMinorUnits = 99_999_999;

function problemOf(amount: unknown, currency: string): string {
  try {
    toMoney(amount, currency);
  } catch (error) {
    if (error instanceof InvalidAmountError) return error.message;
    throw error;
  }
  return 'none';
}

describe('an amount in major units', () => {
  it.each([
    { amount: 1.15, currency: 'USD', minorUnits: 115 },
    { amount: 99.99, currency: 'USD', minorUnits: 9_999 },
    { amount: 0.01, currency: 'USD', minorUnits: 1 },
    { amount: 1e-2, currency: 'EUR', minorUnits: 1 },
    { amount: 100, currency: 'EUR', minorUnits: 10_000 },
    { amount: 500, currency: 'JPY', minorUnits: 500 },
    { amount: 5.12, currency: 'KWD', minorUnits: 5_120 },
    { amount: 0.01, currency: 'KWD', minorUnits: 10 },
    { amount: 99_999.99, currency: 'KWD', minorUnits: 99_999_990 },
    { amount: 1_500_000, currency: 'IDR', minorUnits: 150_000_000 },
    { amount: 9_999_999_999.99, currency: 'IDR', minorUnits: 999_999_999_999 },
    { amount: 1, currency: 'XCG', minorUnits: 100 },
    { amount: 999_999, currency: 'ISK', minorUnits: 999_999 },
    { amount: 100, currency: 'MGA', minorUnits: 100 },
    { amount: 10.45, currency: 'HUF', minorUnits: 1_045 },
    { amount: 800.45, currency: 'TWD', minorUnits: 80_045 },
    { amount: 999_999.99, currency: 'USD', minorUnits: maxMinorUnits },
    { amount: 99_999_999, currency: 'JPY', minorUnits: maxMinorUnits },
  ])('is $minorUnits minor units for $amount $currency', ({ amount, currency, minorUnits }) => {
    expect(toMoney(amount, currency)).toEqual({ minorUnits, currency });
  });
});

describe('an amount that is rejected', () => {
  it.each([
    { what: 'a fraction of a cent', amount: 99.999, currency: 'USD', problem: 'at most 2 decimals in USD' },
    { what: '0.1 + 0.2', amount: 0.1 + 0.2, currency: 'USD', problem: 'at most 2 decimals in USD' },
    { what: 'half a yen', amount: 500.5, currency: 'JPY', problem: 'at most 0 decimals in JPY' },
    { what: 'a tenth of a fils', amount: 1.2345, currency: 'KWD', problem: 'at most 3 decimals in KWD' },
    {
      what: 'a single fils',
      amount: 5.125,
      currency: 'KWD',
      problem: 'end in 0 in its third decimal in KWD',
    },
    { what: 'a fifth of an ariary', amount: 0.2, currency: 'MGA', problem: 'at most 0 decimals in MGA' },
    { what: 'half a króna', amount: 0.5, currency: 'ISK', problem: 'at most 0 decimals in ISK' },
    { what: 'one króna over the maximum', amount: 1e6, currency: 'ISK', problem: 'at most 999999 in ISK' },
    {
      what: 'one ten fils over the maximum',
      amount: 1e5,
      currency: 'KWD',
      problem: 'at most 99999.99 in KWD',
    },
    {
      what: 'one sen over the maximum',
      amount: 1e10,
      currency: 'IDR',
      problem: 'at most 9999999999.99 in IDR',
    },
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
  it.each(['usd', 'Usd', 'QQQ', 'US', 'USDT', '840', '', ' USD', 'USD\n', '__proto__', 'toString'])(
    'is not %p',
    (code) => {
      expect(problemOf(1, code)).toBe(
        'currency must be a currency that the gateway charges in, upper case, such as USD',
      );
    },
  );

  it.each([
    ['withdrawn', ['ANG', 'BGN', 'BYR', 'CUC', 'HRK', 'LTL', 'MRO', 'SLL', 'STD', 'VEF', 'ZMK', 'ZWL']],
    ['a metal, a test or no currency', ['XAU', 'XAG', 'XPT', 'XPD', 'XTS', 'XXX', 'XDR']],
    ['a unit of account', ['CLF', 'COU', 'UYI', 'UYW', 'MXV', 'USN', 'CHE', 'CHW', 'BOV']],
    ['not charged by the gateway', ['CUP', 'GHS', 'IRR', 'KPW', 'STN', 'VES', 'XSU']],
  ])('is not valid if it is %s', (_why, codes) => {
    expect(codes.filter((code) => !problemOf(1, code).startsWith('currency must be'))).toEqual([]);
  });
});

describe('minor units, formatted in major units', () => {
  it.each([
    { minorUnits: 9_990, currency: 'USD', written: '99.90' },
    { minorUnits: 5, currency: 'EUR', written: '0.05' },
    { minorUnits: 500, currency: 'JPY', written: '500' },
    { minorUnits: 5_120, currency: 'KWD', written: '5.120' },
    { minorUnits: 999_999_999_999, currency: 'IDR', written: '9999999999.99' },
  ])('are $written for $minorUnits $currency', ({ minorUnits, currency, written }) => {
    expect(inMajorUnits(minorUnits, currency)).toBe(written);
  });

  it('are rejected for a currency that is not in the table', () => {
    expect(() => inMajorUnits(100, 'BGN')).toThrow(InvalidAmountError);
  });
});
