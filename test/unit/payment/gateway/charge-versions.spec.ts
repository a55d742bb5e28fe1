import { CHARGE_VERSIONS, type ChargeParameters } from '../../../../src/payment/gateway/charge-parameters';
import { GatewayError, type Charge } from '../../../../src/payment/gateway/payment-gateway';
import { StripeGateway } from '../../../../src/payment/gateway/stripe-gateway';
import { startSandbox, type RunningSandbox } from '../../../../src/dev/sandbox/sandbox-server';
import { readSettings } from '../../../../src/dev/sandbox/settings';
import { aCharge, environmentFor } from '../../../support/stub-gateway';

const [today] = CHARGE_VERSIONS;
const tomorrow: ChargeParameters = (charge) => ({
  ...today(charge),
  description: `Payment ${charge.paymentId}`,
});
/** As after a correction of the amount that is sent for a currency. */
const inHundredths: ChargeParameters = (charge) => ({
  ...today(charge),
  amount: charge.money.minorUnits * 100,
});

let sandbox: RunningSandbox;
beforeEach(async () => {
  sandbox = await startSandbox(readSettings({ SANDBOX_PORT: '0' }));
});
afterEach(() => sandbox.stop());

const oldRelease = () => new StripeGateway(environmentFor(sandbox.url), [today]);

async function ask(method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${sandbox.url}/_sandbox/${path}`, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const answer: unknown = await response.json();
  return answer;
}

/** A charge whose answer or request is lost. */
async function begin(gateway: StripeGateway, charge: Charge, kind: 'drop-before' | 'drop-after') {
  await ask('POST', 'faults', { kind, times: 0 });
  await expect(gateway.charge(charge)).rejects.toMatchObject({ failure: { kind: 'unavailable' } });
  await ask('DELETE', 'faults');
}

describe('a release that sends other parameters for a charge, while payments are under way', () => {
  const newRelease = () => new StripeGateway(environmentFor(sandbox.url), [tomorrow, today]);

  it('finishes one that was charged with the old parameters, with the charge that was made', async () => {
    await begin(oldRelease(), aCharge(), 'drop-after');
    const { chargeId, kind } = await newRelease().charge(aCharge());
    expect(kind).toBe('succeeded');
    expect(await ask('GET', 'charges')).toMatchObject({ count: 1, charges: [{ paymentIntentId: chargeId }] });
  });

  it('does not charge one for which the gateway stored a failure of the old parameters', async () => {
    await ask('POST', 'faults', { kind: 'error-500' });
    await expect(oldRelease().charge(aCharge())).rejects.toBeInstanceOf(GatewayError);
    const again = newRelease().charge(aCharge());
    await expect(again).rejects.toMatchObject({ failure: { kind: 'outcome-unknown' } });
    expect(await ask('GET', 'charges')).toMatchObject({ count: 0 });
  });

  it('finishes one that was declined with the old parameters', async () => {
    const charge = aCharge({ paymentMethodId: 'pm_card_visa_chargeDeclined' });
    await begin(oldRelease(), charge, 'drop-after');
    expect(await newRelease().charge(charge)).toMatchObject({ kind: 'declined' });
    expect(await ask('GET', 'charges')).toMatchObject({ count: 0 });
  });

  it('sends the new parameters if the old ones never arrived', async () => {
    await begin(oldRelease(), aCharge(), 'drop-before');
    await newRelease().charge(aCharge());
    expect(await ask('GET', 'charges')).toMatchObject({
      count: 1,
      charges: [{ description: 'Payment PAY-001' }],
    });
  });

  it('lets the old release find the charge that was made, if that release is started again', async () => {
    await begin(newRelease(), aCharge(), 'drop-after');
    const { chargeId } = await oldRelease().charge(aCharge());
    expect(await ask('GET', 'charges')).toMatchObject({ count: 1, charges: [{ paymentIntentId: chargeId }] });
  });

  it.each([
    { other: 'amount', charge: aCharge({ money: { minorUnits: 1, currency: 'USD' } }) },
    { other: 'currency', charge: aCharge({ money: { minorUnits: 9999, currency: 'EUR' } }) },
    { other: 'payment', charge: aCharge({ paymentId: 'PAY-002' }) },
    { other: 'customer', charge: aCharge({ customerId: 'CUST-002' }) },
  ])('does not take a charge with another $other for its own', async ({ charge }) => {
    await oldRelease().charge(charge);
    const refused = newRelease().charge(aCharge());
    await expect(refused).rejects.toBeInstanceOf(GatewayError);
    await expect(refused).rejects.toMatchObject({ failure: { kind: 'key-reused' } });
    expect(await ask('GET', 'charges')).toMatchObject({ count: 1 });
  });
});

describe('a release that sends another amount for a charge, while payments are under way', () => {
  const newRelease = () => new StripeGateway(environmentFor(sandbox.url), [inHundredths, today]);

  it('finishes one that was charged with the old amount', async () => {
    await begin(oldRelease(), aCharge(), 'drop-after');
    const { chargeId } = await newRelease().charge(aCharge());
    expect(await ask('GET', 'charges')).toMatchObject({
      count: 1,
      charges: [{ paymentIntentId: chargeId, amount: 9_999 }],
    });
  });

  it('sends the new amount if the old one never arrived', async () => {
    await begin(oldRelease(), aCharge(), 'drop-before');
    await newRelease().charge(aCharge());
    expect(await ask('GET', 'charges')).toMatchObject({ count: 1, charges: [{ amount: 999_900 }] });
  });

  it.each([
    { amount: 'old', release: oldRelease },
    { amount: 'new', release: newRelease },
  ])('finds one that was charged with the $amount amount', async ({ release }) => {
    const { chargeId } = await release().charge(aCharge());
    expect(await newRelease().find(aCharge())).toEqual({ kind: 'succeeded', chargeId });
  });

  it('finds no charge with an amount that no release sends for it', async () => {
    await oldRelease().charge(aCharge({ money: { minorUnits: 1, currency: 'USD' } }));
    expect(await newRelease().find(aCharge())).toEqual({ kind: 'key-reused' });
  });
});
