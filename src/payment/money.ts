import Big from 'big.js';
import { code as currencyRecord } from 'currency-codes';

/** An amount as machines count it: 99.99 USD is 9999 minor units, 500 JPY is 500. */
export interface Money {
  readonly minorUnits: number;
  /** ISO 4217, upper case. */
  readonly currency: string;
}

/** An amount that cannot be charged as it is written. */
export class InvalidAmountError extends Error {
  override readonly name = 'InvalidAmountError';
}

/** Stripe's maximum: eight digits (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts). */
const MAX_MINOR_UNITS = 99_999_999;

/** How many decimals a currency has (ISO 4217), or `undefined` for a code that is none. */
export function decimalsOf(currency: string): number | undefined {
  return /^[A-Z]{3}$/.test(currency) ? currencyRecord(currency)?.digits : undefined;
}

/**
 * Turns an amount in major units into minor units, exactly: never by binary multiplication, which makes 1.15 USD
 * 114.99999999999999 cents.
 *
 * @throws InvalidAmountError when the amount is not positive and finite, has more decimals than the currency, or is
 * more than the gateway takes
 */
export function toMoney(amount: unknown, currency: string): Money {
  const decimals = decimalsOf(currency);
  if (decimals === undefined) throw new InvalidAmountError('currency must be an ISO 4217 code in upper case');
  if (typeof amount !== 'number' || !Number.isFinite(amount))
    throw new InvalidAmountError('amount must be a number');
  if (amount <= 0) throw new InvalidAmountError('amount must be more than zero');
  const minorUnits = new Big(amount).times(new Big(10).pow(decimals));
  if (!minorUnits.eq(minorUnits.round())) {
    throw new InvalidAmountError(`amount must have at most ${decimals} decimals in ${currency}`);
  }
  if (minorUnits.gt(MAX_MINOR_UNITS)) {
    throw new InvalidAmountError(
      `amount must be at most ${new Big(MAX_MINOR_UNITS).div(new Big(10).pow(decimals)).toFixed()} in ${currency}`,
    );
  }
  return { minorUnits: minorUnits.toNumber(), currency };
}
