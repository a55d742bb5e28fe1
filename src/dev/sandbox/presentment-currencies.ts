/** How the sandbox reads amounts in a currency. */
export interface PresentmentCurrency {
  /** The amount for one unit: 100 for 1 USD, 1 for 1 JPY. */
  readonly oneUnit: number;
  /** The amount must be a multiple of it. */
  readonly multipleOf: number;
  readonly maximum: number;
}

const twoDecimal =
  'usd aed afn all amd aoa ars aud awg azn bam bbd bdt bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny cop crc cve czk ' +
  'dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf ils inr jmd kes kgs khr kyd kzt lak lbp lkr ' +
  'lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd ' +
  'rub sar sbd scr sek sgd shp sle sos srd szl thb tjs top try ttd twd tzs uah uyu uzs wst xcd xcg yer zar zmw';
const zeroDecimal = 'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf';
const threeDecimal = 'bhd jod kwd omr tnd';
const zeroDecimalWrittenWithTwo = 'isk ugx';

/**
 * The supported currencies (https://docs.stripe.com/currencies). Written from that page, independently of the service's own
 * table, so that an error in one of them shows: the sandbox then rejects what the service accepts.
 */
export const presentmentCurrencies: ReadonlyMap<string, PresentmentCurrency> = new Map([
  ...group(twoDecimal, { oneUnit: 100, multipleOf: 1, maximum: 99_999_999 }),
  ...group('idr', { oneUnit: 100, multipleOf: 1, maximum: 999_999_999_999 }),
  ...group(zeroDecimal, { oneUnit: 1, multipleOf: 1, maximum: 99_999_999 }),
  ...group(threeDecimal, { oneUnit: 1000, multipleOf: 10, maximum: 99_999_999 }),
  ...group(zeroDecimalWrittenWithTwo, { oneUnit: 100, multipleOf: 100, maximum: 99_999_999 }),
]);

function group(codes: string, currency: PresentmentCurrency): [string, PresentmentCurrency][] {
  return codes.split(' ').map((code) => [code, currency]);
}
