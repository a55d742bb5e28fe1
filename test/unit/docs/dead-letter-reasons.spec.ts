import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { MEANINGS } from '../../../src/console/page/dead-letter-reasons';
import { DEAD_LETTERS } from '../../../src/messaging/disposition';

const manual = readFileSync(resolve(__dirname, '../../../docs/operations/running.md'), 'utf8');
const reasons = Object.keys(DEAD_LETTERS).sort();

/** What the table of reasons says: of each whether it ends its payment. */
function documented(): [string, boolean][] {
  const rows = manual.matchAll(/^\| `([a-z-]+)` +\| (yes|no) +\|/gm);
  return [...rows].map(([, reason = '', ends]) => [reason, ends === 'yes']);
}

describe('the reasons of dead letters', () => {
  it('are in the manual, each once and as final as in the code', () => {
    const known = Object.entries(DEAD_LETTERS).map(([reason, { endsPayment }]) => [reason, endsPayment]);
    expect(documented().sort()).toEqual(known.sort());
  });

  it('are explained on the console, each of them and nothing else', () => {
    expect(Object.keys(MEANINGS).sort()).toEqual(reasons);
  });
});
