import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { orderableKinds } from '../../../src/dev/sandbox/fault-order';
import { testPaymentMethods } from '../../../src/dev/sandbox/test-payment-methods';

const project = resolve(__dirname, '../../..');
const page = readFileSync(resolve(project, 'docs/sandbox.md'), 'utf8');

/** The first cells of the rows of all tables, as far as they look like that. */
function documented(cell: RegExp): string[] {
  const cells = [...page.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, first = '']) => first);
  return cells.filter((first) => cell.test(first)).sort();
}

/** All texts of a source file of the sandbox that match. */
function inSource(file: string, pattern: RegExp): string[] {
  const source = readFileSync(resolve(project, 'src/dev/sandbox', file), 'utf8');
  return [...new Set([...source.matchAll(pattern)].map(([, found = '']) => found))].sort();
}

describe('the page about the sandbox', () => {
  it('has each payment method', () => {
    expect(documented(/^pm_/)).toEqual([...testPaymentMethods.keys()].sort());
  });

  it('has each variable', () => {
    expect(documented(/^SANDBOX_/)).toEqual(inSource('settings.ts', /\b(SANDBOX_[A-Z_]+)\b/g));
  });

  it('has each request of the control API', () => {
    expect(documented(/ \/_sandbox\//)).toEqual(
      inSource('control-api.ts', /case '([A-Z]+ \/_sandbox[^']*)'/g),
    );
  });

  it('has each kind of fault', () => {
    expect(documented(/^[a-z]+(-[a-z0-9]+)*$/)).toEqual([...orderableKinds].sort());
  });
});
