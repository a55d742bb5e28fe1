import Big from 'big.js';
import { countingOf, isCurrencyCode, type CurrencyCode } from './currencies';

/** An amount in minor units: 99.99 USD is 9999 minor units, 500 JPY is 500. */
export interface Money {
  readonly minorUnits: number;
  readonly currency: CurrencyCode;
}

/** An amount or currency that cannot be charged. */
export class InvalidAmountError extends Error {
  override readonly name = 'InvalidAmountError';
}

/** The error message for a currency that cannot be charged. */
export const CURRENCY_RULE = 'must be a currency that the gateway charges in, upper case, such as USD';

/**
 * Converts an amount in major units into minor units, exactly: binary multiplication would make 1.15 USD
 * 114.99999999999999 cents. The gateway can charge the result: decimals, last digits and maximum are checked.
 *
 * @throws InvalidAmountError saying what the currency allows
 */
export function toMoney(amount: unknown, currency: string): Money {
  assertCurrency(currency);
  if (typeof amount !== 'number' || !Number.isFinite(amount))
    throw new InvalidAmountError('amount must be a number');
  if (amount <= 0) throw new InvalidAmountError('amount must be more than zero');
  const { decimals, zeroDecimals } = countingOf(currency);
  const minorUnits = new Big(amount).times(tenTo(decimals));
  if (!isMultipleOf(minorUnits, 1)) {
    throw new InvalidAmountError(`amount must have at most ${decimals} decimals in ${currency}`);
  }
  if (!isMultipleOf(minorUnits, tenTo(zeroDecimals))) {
    throw new InvalidAmountError(`amount must end in 0 in its third decimal in ${currency}`);
  }
  const largest = largestMinorUnits(currency);
  if (minorUnits.gt(largest)) {
    const written = new Big(largest).div(tenTo(decimals)).toFixed();
    throw new InvalidAmountError(`amount must be at most ${written} in ${currency}`);
  }
  return { minorUnits: minorUnits.toNumber(), currency };
}

/**
 * Formats minor units in major units, with all decimals of the currency: 9990 in USD is 99.90.
 *
 * @throws InvalidAmountError when the currency is unknown: a guess could be wrong by a factor of 100
 */
export function inMajorUnits(minorUnits: number, currency: string): string {
  assertCurrency(currency);
  const { decimals } = countingOf(currency);
  return new Big(minorUnits).div(tenTo(decimals)).toFixed(decimals);
}

function assertCurrency(currency: string): asserts currency is CurrencyCode {
  if (!isCurrencyCode(currency)) throw new InvalidAmountError(`currency ${CURRENCY_RULE}`);
}

function largestMinorUnits(currency: CurrencyCode): number {
  const { largestSent, sentPerMinorUnit, zeroDecimals } = countingOf(currency);
  const step = tenTo(zeroDecimals);
  return Math.floor(largestSent / sentPerMinorUnit / step) * step;
}

function isMultipleOf(number: Big, step: number): boolean {
  return number.mod(step).eq(0);
}

function tenTo(power: number): number {
  return 10 ** power;
}
