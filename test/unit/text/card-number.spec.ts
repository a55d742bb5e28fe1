import fc from 'fast-check';
import '../../support/fixed-seed';
import { looksLikeCardNumber } from '../../../src/text/card-number';

describe('a card number', () => {
  it.each([
    ['Visa', '4242424242424242'],
    ['Visa with 13 digits', '4222222222222'],
    ['American Express', '378282246310005'],
    ['Diners Club', '30569309025904'],
    ['UnionPay with 19 digits', '6205500000000000004'],
    ['one in groups', '4242 4242 4242 4242'],
    ['one with dashes', '4242-4242-4242-4242'],
    ['one in groups of other lengths', '3782 822463 10005'],
  ])('is recognised: %s', (_, number) => {
    expect(looksLikeCardNumber(number)).toBe(true);
  });
});

describe('a text that is not a card number', () => {
  it.each([
    ['a wrong check digit', '4242424242424241'],
    ['two digits swapped', '4224242424242424'],
    ['12 digits with a right check digit', '424242424242'],
    ['20 digits with a right check digit', '42424242424242424240'],
    ['a payment id', 'PAY-001'],
    ['a payment method', 'pm_card_visa'],
    ['a UUID', '3f1d5a2e-6c1b-4c39-9a74-2f6f0f0e8b7d'],
    ['nothing', ''],
    ['letters among the digits', '4242x4242y4242z4242'],
  ])('passes: %s', (_, text) => {
    expect(looksLikeCardNumber(text)).toBe(false);
  });
});

it('a card number with one wrong digit is not a card number', () => {
  const number = '4242424242424242';
  const position = fc.integer({ min: 0, max: number.length - 1 });
  fc.assert(
    fc.property(position, fc.integer({ min: 0, max: 9 }), (at, digit) => {
      const changed = `${number.slice(0, at)}${digit}${number.slice(at + 1)}`;
      expect(looksLikeCardNumber(changed)).toBe(changed === number);
    }),
  );
});
