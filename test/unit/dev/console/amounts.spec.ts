import { fromEngine } from '../../../../src/dev/console/activity-translation';
import { money } from '../../../../src/dev/console/page/format.js';
import { currencyCodes } from '../../../../src/money/currencies';
import { inMajorUnits, toMoney } from '../../../../src/money/money';

/** The page's text for a payment with a record. */
function shown(result: object): string {
  const happening = fromEngine(
    { kind: 'completed', scope: 'payment', key: 'abc', result, fencingToken: 1 },
    30_000,
  );
  if (happening?.kind !== 'finished') throw new Error('expected the payment to be finished');
  const { amount, currency } = happening.result;
  return amount === undefined ? 'no amount' : money(amount, currency);
}

describe('the amount of a payment on the page', () => {
  it.each(currencyCodes())('is the exact charged amount in %s', (currency) => {
    const { minorUnits } = toMoney(1234, currency);
    const digits = shown({ amountMinorUnits: minorUnits, currency }).replace(/^\D+|,/g, '');
    expect(digits).toBe(inMajorUnits(minorUnits, currency));
  });

  it.each([
    { amountMinorUnits: 9_990, currency: 'USD', text: '$99.90' },
    { amountMinorUnits: 500, currency: 'JPY', text: '¥500' },
    { amountMinorUnits: 1_045, currency: 'HUF', text: 'HUF\u00a010.45' },
    { amountMinorUnits: 150_000_000, currency: 'IDR', text: 'IDR\u00a01,500,000.00' },
  ])('is $text for $amountMinorUnits $currency', ({ text, ...result }) => {
    expect(shown(result)).toBe(text);
  });

  it.each([
    { what: 'a currency that can no longer be charged', result: { amountMinorUnits: 100, currency: 'BGN' } },
    { what: 'no currency', result: { amountMinorUnits: 100 } },
    { what: 'an amount that is a string', result: { amountMinorUnits: '100', currency: 'USD' } },
  ])('is left out of a record with $what', ({ result }) => {
    expect(shown(result)).toBe('no amount');
  });

  it('is the published amount until there is a record', () => {
    expect([money(99.5, 'USD'), money(10.45, 'HUF'), money(7, undefined), money(7, 'no code')]).toEqual([
      '$99.50',
      'HUF\u00a010.45',
      '7',
      '7 no code',
    ]);
  });
});
