import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { MEANINGS } from '../../../src/console/page/dead-letter-reasons';
import { DEAD_LETTERS } from '../../../src/messaging/disposition';

const manual = readFileSync(resolve(__dirname, '../../../docs/operations/running.md'), 'utf8');
const reasons = Object.keys(DEAD_LETTERS).sort();

/** The rows of the table of reasons: each reason, and whether it ends its payment. */
function documented(): [string, boolean][] {
  const rows = manual.matchAll(/^\| `([a-z-]+)` +\| (yes|no) +\|/gm);
  return [...rows].map(([, reason = '', ends]) => [reason, ends === 'yes']);
}

describe('the reasons of dead letters', () => {
  it('are in the manual, each once, with the same effect on the payment as in the code', () => {
    const known = Object.entries(DEAD_LETTERS).map(([reason, { endsPayment }]) => [reason, endsPayment]);
    expect(documented().sort()).toEqual(known.sort());
  });

  it('are all explained on the console, and no others', () => {
    expect(Object.keys(MEANINGS).sort()).toEqual(reasons);
  });
});
