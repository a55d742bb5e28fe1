import type { LedgerEnd, LedgerPayment } from '../../../src/ledger/ledger-payment';
import type { PaymentRequest, PaymentResult } from '../../../src/payment/payment.dto';
import { laterResultOf, resultIn, resultOf } from '../../../src/payment/payment-result';

const facts = { paymentId: 'PAY-1', amountMinorUnits: 9999, currency: 'USD' } as const;
const request: PaymentRequest = {
  paymentId: facts.paymentId,
  customerId: 'CUST-1',
  paymentMethodId: 'pm_card_visa',
  gatewayCustomerId: undefined,
  receiptEmail: undefined,
  money: { minorUnits: facts.amountMinorUnits, currency: facts.currency },
};

/** As the ledger has the payment with this result. */
function inLedger(result: PaymentResult): LedgerPayment {
  return {
    ...facts,
    idempotencyKey: 'key',
    customerId: 'CUST-1',
    fingerprint: 'fingerprint',
    status: result.status satisfies LedgerEnd | 'processing',
    chargeId: 'chargeId' in result ? result.chargeId : undefined,
    declineCode: 'declineCode' in result ? result.declineCode : undefined,
    attempts: 1,
    firstSeenAt: new Date(0),
    settledAt: undefined,
    version: '1',
    sinceFirstSeenMs: 0,
  };
}

describe('the result of a payment', () => {
  it.each([
    { what: 'a charge', result: resultOf(request, { kind: 'succeeded', chargeId: 'pi_1' }) },
    {
      what: 'a refusal',
      result: resultOf(request, { kind: 'declined', chargeId: 'pi_1', declineCode: 'lost_card' }),
    },
    {
      what: 'a refusal without a charge',
      result: resultOf(request, { kind: 'declined', chargeId: undefined, declineCode: 'lost_card' }),
    },
    {
      what: 'an outcome that comes later',
      result: resultOf(request, { kind: 'processing', chargeId: 'pi_1' }),
    },
    {
      what: 'a later success',
      result: laterResultOf(facts, 'pi_1', { kind: 'succeeded', chargeId: 'pi_1' }),
    },
    {
      what: 'a later failure',
      result: laterResultOf(facts, 'pi_1', { kind: 'declined', declineCode: 'account_closed' }),
    },
  ])('from the ledger is the recorded one, byte for byte: $what', ({ result }) => {
    expect(JSON.stringify(resultIn(inLedger(result)))).toBe(JSON.stringify(result));
  });
});
