import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { MEANINGS } from '../../../src/dev/console/page/dead-letter-reasons';
import { BROKER_REASONS, COMMON_REASONS } from '../../../src/messaging/disposition';
import { RECEIPT_REASONS } from '../../../src/notification/receipt.policy';
import { endsPayment, PAYMENT_REASONS } from '../../../src/payment/payment-reasons';

const manual = readFileSync(resolve(__dirname, '../../../docs/operations/running.md'), 'utf8');
const reasons = [
  ...COMMON_REASONS.deadLetter,
  ...PAYMENT_REASONS.deadLetter,
  ...RECEIPT_REASONS.deadLetter,
  ...BROKER_REASONS,
].sort();

/** The rows of the table of reasons: each reason, and whether it ends its payment. */
function documented(): [string, boolean][] {
  const rows = manual.matchAll(/^\| `([a-z-]+)` +\| (yes|no) +\|/gm);
  return [...rows].map(([, reason = '', ends]) => [reason, ends === 'yes']);
}

describe('the reasons of dead letters', () => {
  it('are in the manual, each once, with the same effect on the payment as in the code', () => {
    const known = reasons.map((reason) => [reason, endsPayment(reason)]);
    expect(documented().sort()).toEqual(known);
  });

  it('are all explained on the console, and no others', () => {
    expect(Object.keys(MEANINGS).sort()).toEqual(reasons);
  });
});
