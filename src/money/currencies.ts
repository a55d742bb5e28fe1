/** How the gateway represents amounts of a currency. */
interface Counting {
  /** Decimals that a customer may write; one minor unit is the last of them. */
  readonly decimals: 0 | 2 | 3;
  /** How many of the last decimals must be 0. */
  readonly zeroDecimals: 0 | 1;
  /** What is sent for one minor unit; a correction needs a new version in `CHARGE_VERSIONS`, too. */
  readonly sentPerMinorUnit: 1 | 100;
  /** The largest number that may be sent. */
  readonly largestSent: number;
}

const EIGHT_DIGITS = 99_999_999;
const TWELVE_DIGITS = 999_999_999_999;

const TWO_DECIMALS: Counting = {
  decimals: 2,
  zeroDecimals: 0,
  sentPerMinorUnit: 1,
  largestSent: EIGHT_DIGITS,
};
const TWO_DECIMALS_TWELVE_DIGITS: Counting = { ...TWO_DECIMALS, largestSent: TWELVE_DIGITS };
const NO_DECIMALS: Counting = { ...TWO_DECIMALS, decimals: 0 };
/** These currencies have no decimals any more, but the API still expects two zeros. */
const WHOLE_UNITS_SENT_AS_HUNDREDTHS: Counting = { ...NO_DECIMALS, sentPerMinorUnit: 100 };
const THREE_DECIMALS_ENDING_IN_0: Counting = { ...TWO_DECIMALS, decimals: 3, zeroDecimals: 1 };

/**
 * The currencies that Stripe charges in, and how it represents amounts: https://docs.stripe.com/currencies, as of 2026.
 * Read in stored copies of the page (the latest from July 2026), because the page shows each account the list for its own
 * country:
 * - the codes are those for accounts in the USA, compared with the list of supported currencies in the API itself (2026), and
 *   BHD, JOD, KWD, OMR and TND, which are listed for accounts in the Gulf;
 * - currencies without decimals, ISK and UGX, and that HUF and TWD lack decimals in payouts only: from the latest copy;
 * - three decimals that end in 0: from a copy of 2022, the latest that mentions it;
 * - 8 digits, 12 for IDR: from the latest copy. It allows more for cards, for COP and for INR; 8 is never refused.
 *
 * Left out, although page or API still list them: codes that ISO 4217 has withdrawn (ANG, BGN, HRK, SLL, STD) and
 * stablecoins. Also the minimum amount, which depends on the currency of the account's payouts.
 *
 * The sandbox has a table of its own, and a test compares the two: change both when the page changes.
 */
const CURRENCIES = {
  AED: TWO_DECIMALS,
  AFN: TWO_DECIMALS,
  ALL: TWO_DECIMALS,
  AMD: TWO_DECIMALS,
  AOA: TWO_DECIMALS,
  ARS: TWO_DECIMALS,
  AUD: TWO_DECIMALS,
  AWG: TWO_DECIMALS,
  AZN: TWO_DECIMALS,
  BAM: TWO_DECIMALS,
  BBD: TWO_DECIMALS,
  BDT: TWO_DECIMALS,
  BHD: THREE_DECIMALS_ENDING_IN_0,
  BIF: NO_DECIMALS,
  BMD: TWO_DECIMALS,
  BND: TWO_DECIMALS,
  BOB: TWO_DECIMALS,
  BRL: TWO_DECIMALS,
  BSD: TWO_DECIMALS,
  BWP: TWO_DECIMALS,
  BYN: TWO_DECIMALS,
  BZD: TWO_DECIMALS,
  CAD: TWO_DECIMALS,
  CDF: TWO_DECIMALS,
  CHF: TWO_DECIMALS,
  CLP: NO_DECIMALS,
  CNY: TWO_DECIMALS,
  COP: TWO_DECIMALS,
  CRC: TWO_DECIMALS,
  CVE: TWO_DECIMALS,
  CZK: TWO_DECIMALS,
  DJF: NO_DECIMALS,
  DKK: TWO_DECIMALS,
  DOP: TWO_DECIMALS,
  DZD: TWO_DECIMALS,
  EGP: TWO_DECIMALS,
  ETB: TWO_DECIMALS,
  EUR: TWO_DECIMALS,
  FJD: TWO_DECIMALS,
  FKP: TWO_DECIMALS,
  GBP: TWO_DECIMALS,
  GEL: TWO_DECIMALS,
  GIP: TWO_DECIMALS,
  GMD: TWO_DECIMALS,
  GNF: NO_DECIMALS,
  GTQ: TWO_DECIMALS,
  GYD: TWO_DECIMALS,
  HKD: TWO_DECIMALS,
  HNL: TWO_DECIMALS,
  HTG: TWO_DECIMALS,
  HUF: TWO_DECIMALS,
  IDR: TWO_DECIMALS_TWELVE_DIGITS,
  ILS: TWO_DECIMALS,
  INR: TWO_DECIMALS,
  ISK: WHOLE_UNITS_SENT_AS_HUNDREDTHS,
  JMD: TWO_DECIMALS,
  JOD: THREE_DECIMALS_ENDING_IN_0,
  JPY: NO_DECIMALS,
  KES: TWO_DECIMALS,
  KGS: TWO_DECIMALS,
  KHR: TWO_DECIMALS,
  KMF: NO_DECIMALS,
  KRW: NO_DECIMALS,
  KWD: THREE_DECIMALS_ENDING_IN_0,
  KYD: TWO_DECIMALS,
  KZT: TWO_DECIMALS,
  LAK: TWO_DECIMALS,
  LBP: TWO_DECIMALS,
  LKR: TWO_DECIMALS,
  LRD: TWO_DECIMALS,
  LSL: TWO_DECIMALS,
  MAD: TWO_DECIMALS,
  MDL: TWO_DECIMALS,
  MGA: NO_DECIMALS,
  MKD: TWO_DECIMALS,
  MMK: TWO_DECIMALS,
  MNT: TWO_DECIMALS,
  MOP: TWO_DECIMALS,
  MUR: TWO_DECIMALS,
  MVR: TWO_DECIMALS,
  MWK: TWO_DECIMALS,
  MXN: TWO_DECIMALS,
  MYR: TWO_DECIMALS,
  MZN: TWO_DECIMALS,
  NAD: TWO_DECIMALS,
  NGN: TWO_DECIMALS,
  NIO: TWO_DECIMALS,
  NOK: TWO_DECIMALS,
  NPR: TWO_DECIMALS,
  NZD: TWO_DECIMALS,
  OMR: THREE_DECIMALS_ENDING_IN_0,
  PAB: TWO_DECIMALS,
  PEN: TWO_DECIMALS,
  PGK: TWO_DECIMALS,
  PHP: TWO_DECIMALS,
  PKR: TWO_DECIMALS,
  PLN: TWO_DECIMALS,
  PYG: NO_DECIMALS,
  QAR: TWO_DECIMALS,
  RON: TWO_DECIMALS,
  RSD: TWO_DECIMALS,
  RUB: TWO_DECIMALS,
  RWF: NO_DECIMALS,
  SAR: TWO_DECIMALS,
  SBD: TWO_DECIMALS,
  SCR: TWO_DECIMALS,
  SEK: TWO_DECIMALS,
  SGD: TWO_DECIMALS,
  SHP: TWO_DECIMALS,
  SLE: TWO_DECIMALS,
  SOS: TWO_DECIMALS,
  SRD: TWO_DECIMALS,
  SZL: TWO_DECIMALS,
  THB: TWO_DECIMALS,
  TJS: TWO_DECIMALS,
  TND: THREE_DECIMALS_ENDING_IN_0,
  TOP: TWO_DECIMALS,
  TRY: TWO_DECIMALS,
  TTD: TWO_DECIMALS,
  TWD: TWO_DECIMALS,
  TZS: TWO_DECIMALS,
  UAH: TWO_DECIMALS,
  UGX: WHOLE_UNITS_SENT_AS_HUNDREDTHS,
  USD: TWO_DECIMALS,
  UYU: TWO_DECIMALS,
  UZS: TWO_DECIMALS,
  VND: NO_DECIMALS,
  VUV: NO_DECIMALS,
  WST: TWO_DECIMALS,
  XAF: NO_DECIMALS,
  XCD: TWO_DECIMALS,
  XCG: TWO_DECIMALS,
  XOF: NO_DECIMALS,
  XPF: NO_DECIMALS,
  YER: TWO_DECIMALS,
  ZAR: TWO_DECIMALS,
  ZMW: TWO_DECIMALS,
} as const satisfies Record<string, Counting>;

/** ISO 4217, upper case. */
export type CurrencyCode = keyof typeof CURRENCIES;

export function isCurrencyCode(code: unknown): code is CurrencyCode {
  return typeof code === 'string' && Object.hasOwn(CURRENCIES, code);
}

export function countingOf(code: CurrencyCode): Counting {
  return CURRENCIES[code];
}

/** All codes, in alphabetical order. */
export function currencyCodes(): CurrencyCode[] {
  return Object.keys(CURRENCIES).filter(isCurrencyCode);
}
