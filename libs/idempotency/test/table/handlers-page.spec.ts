import { readFileSync } from 'node:fs';
import { PAGE, pageOf } from '../../scripts/handlers-page';
import { KINDS } from './kinds';
import { SITUATIONS } from './situations';

describe('the page about all kinds of handlers', () => {
  it('is that of the table; otherwise run node libs/idempotency/scripts/handlers-page.js', () => {
    expect(readFileSync(PAGE, 'utf8')).toBe(pageOf({ kinds: KINDS, situations: SITUATIONS }));
  });
});
