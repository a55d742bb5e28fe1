import Big from 'big.js';
import fc from 'fast-check';
import { currencyCodes } from '../../../src/money/currencies';
import { CHARGE_VERSIONS } from '../../../src/payment/gateway/charge-parameters';
import { InvalidAmountError, inMajorUnits, toMoney, type Money } from '../../../src/money/money';
import { readChargeRequest } from '../../../src/dev/sandbox/charge-request';
import { checkPayment } from '../../../src/dev/sandbox/payment-checks';
import { presentmentCurrencies } from '../../../src/dev/sandbox/presentment-currencies';
import '../../support/fixed-seed';
import { aCharge } from '../../support/stub-gateway';

/** All rows of the sandbox's own table: the expected amounts are calculated from it, not from the code under test. */
const rows = [...presentmentCurrencies].map(([code, { oneUnit, multipleOf, maximum }]) => ({
  code: code.toUpperCase(),
  /** The amount in major units for a number that is sent. */
  written: (sent: number) => new Big(sent).div(oneUnit).toNumber(),
  smallest: multipleOf,
  largest: Math.floor(maximum / multipleOf) * multipleOf,
  multipleOf,
}));

/** If this differs from the table, keep the version and add a new one to `CHARGE_VERSIONS`. */
function amountSent(money: Money): number {
  const [newest] = CHARGE_VERSIONS;
  return newest(aCharge({ money })).amount;
}

function sentFor(amount: number, currency: string): number | 'refused' {
  try {
    return amountSent(toMoney(amount, currency));
  } catch (error) {
    if (error instanceof InvalidAmountError) return 'refused';
    throw error;
  }
}

/** By the checks that the sandbox makes for every request. */
function isTakenByTheGateway(amount: number, currency: string): boolean {
  const body = new URLSearchParams({
    amount: String(amount),
    currency: currency.toLowerCase(),
    confirm: 'true',
    payment_method: 'pm_card_visa',
  });
  const request = { method: 'POST', path: '/v1/payment_intents', query: new URLSearchParams(), headers: {} };
  return checkPayment(readChargeRequest({ ...request, body: body.toString() })).kind === 'valid';
}

describe('the table of currencies', () => {
  it('has the same currencies as the table of the sandbox', () => {
    expect(currencyCodes()).toEqual(rows.map(({ code }) => code).sort());
  });

  it('has the 137 currencies of 2026', () => {
    expect(currencyCodes()).toHaveLength(137);
  });
});

describe('the smallest, the largest and the last digit of an amount', () => {
  it.each(rows)('are those of the gateway, in $code', ({ code, written, smallest, largest, multipleOf }) => {
    const amounts = [
      { sent: smallest, isTaken: true },
      { sent: largest, isTaken: true },
      { sent: largest + multipleOf, isTaken: false },
      { sent: smallest / 2, isTaken: false },
      { sent: smallest * 1.5, isTaken: false },
    ];
    const judged = amounts.map(({ sent }) => ({ sent, isTaken: isTakenByTheGateway(sent, code) }));
    const accepted = amounts.map(({ sent }) => sentFor(written(sent), code));
    expect([judged, accepted]).toEqual([
      amounts,
      amounts.map(({ sent, isTaken }) => (isTaken ? sent : 'refused')),
    ]);
  });

  it.each(rows)('are named if an amount is too large, in $code', ({ code, written, largest, multipleOf }) => {
    expect(() => toMoney(written(largest + multipleOf), code)).toThrow(
      `amount must be at most ${written(largest)} in ${code}`,
    );
  });
});

describe('an amount in any currency', () => {
  it('is sent and written exactly, and accepted by the gateway if it is accepted here', () => {
    const anyStep = fc
      .constantFrom(...rows)
      .chain((row) =>
        fc.integer({ min: 1, max: row.largest / row.multipleOf }).map((step) => ({ row, step })),
      );
    fc.assert(
      fc.property(anyStep, ({ row: { code, written, multipleOf }, step }) => {
        const sent = step * multipleOf;
        const money = toMoney(written(sent), code);
        expect([
          amountSent(money),
          Number(inMajorUnits(money.minorUnits, code)),
          isTakenByTheGateway(sent, code),
        ]).toEqual([sent, written(sent), true]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is rejected here or accepted by the gateway, whatever it is', () => {
    const amounts = fc.oneof(
      fc.double({ min: 0, max: 1e11, noNaN: true }),
      fc
        .tuple(fc.integer({ min: 0, max: 10 ** 13 }), fc.nat({ max: 4 }))
        .map(([digits, decimals]) => new Big(digits).div(10 ** decimals).toNumber()),
    );
    fc.assert(
      fc.property(amounts, fc.constantFrom(...rows), (amount, { code }) => {
        const sent = sentFor(amount, code);
        expect(sent === 'refused' || isTakenByTheGateway(sent, code)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
