import type { Browser } from 'playwright-core';
import { ConsolePage, openBrowser } from '../support/browser';
import { eventually } from '../support/eventually';
import { aPayment } from '../support/payments';
import { useWorld } from '../support/world';

/** Includes the installation of the browser if it is missing. */
const installMs = 300_000;

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, installMs);
afterAll(() => browser.close());

describe('the console', () => {
  const world = useWorld({ env: { IDEMPOTENCY_LEASE: '10', PAYMENT_MAX_ATTEMPTS: '1' } });
  let console: ConsolePage;

  beforeAll(async () => {
    console = await ConsolePage.open(browser, world.service.url);
  });

  it('shows three charges and three duplicates for the six messages of the tutorial', async () => {
    await console.press('Publish the tutorial’s six');
    await eventually(async () => {
      expect([await console.count('published'), await console.count('charged')]).toEqual([6, 3]);
      expect(await console.count('duplicates')).toBe(3);
    });
    await console.page.getByText('6 messages, 3 charges, 3 duplicates replayed').first().waitFor();
    expect(await world.sandbox.charges()).toHaveLength(3);
  });

  it('shows each payment in a row with its outcome, attempts and time line', async () => {
    await eventually(async () => {
      const rows = await console.rows;
      expect(rows).toHaveLength(3);
      const [first] = rows.filter((row) => row.includes('PAY-001'));
      for (const text of [
        'charged once',
        '$99.99',
        '1 attempt',
        '2 duplicates',
        'attempt 1',
        'from the record',
      ])
        expect(first).toContain(text);
    });
  });

  it('publishes one more copy of a payment, which is a duplicate', async () => {
    const before = await console.count('duplicates');
    await console.press(/Publish a duplicate of PAY-003/);
    await eventually(async () => expect(await console.count('duplicates')).toBe(before + 1));
    expect(await world.sandbox.charges()).toHaveLength(3);
  });

  it('shows the lease of a payment that a slow gateway keeps in progress', async () => {
    await console.chooseGateway(/slowly/);
    await console.publish({ Payment: 'PAY-SLOW', Copies: '2' });
    await eventually(async () =>
      expect((await console.rows)[0]).toMatch(/in progress\s+PAY-SLOW[\s\S]*lease \d/),
    );
    expect(await console.count('progress')).toBe(1);
    await eventually(async () => expect((await console.rows)[0]).toMatch(/charged once\s+PAY-SLOW/));
  });

  it('shows a declined card', async () => {
    await console.chooseGateway(/declining/);
    await console.publish({ Payment: 'PAY-NO', Copies: '1' });
    await eventually(async () =>
      expect((await console.rows)[0]).toMatch(/declined: generic_decline\s+PAY-NO/),
    );
  });

  it('shows a dead letter with its reason, and replays it once the gateway has recovered', async () => {
    await console.chooseGateway(/500s/);
    await console.publish({ Payment: 'PAY-DEAD', Copies: '1' });
    await eventually(async () =>
      expect(await console.deadLetters).toEqual([expect.stringContaining('retries-exhausted')]),
    );
    await console.chooseGateway(/as usual/);
    await console.press(/^Replay dead letter/);
    await eventually(async () => expect((await console.rows)[0]).toMatch(/charged once\s+PAY-DEAD/));
    await eventually(async () => expect(await console.deadLetters).toEqual([]));
  });

  it('drops a dead letter only after confirmation', async () => {
    await world.broker.publish('no payment at all');
    await eventually(async () => expect(await console.deadLetters).toHaveLength(1));
    const drop = console.page.getByRole('button', { name: /^Drop dead letter/ });
    await drop.click();
    await console.page.keyboard.press('Escape');
    expect(await console.deadLetters).toHaveLength(1);
    await drop.click();
    await console.press('Drop it permanently');
    await eventually(async () => expect(await console.deadLetters).toHaveLength(0));
    expect(await world.broker.depth('payments.dead-letter')).toBe(0);
  });

  it('says which field is wrong', async () => {
    await console.publish({ Amount: '1.234' });
    const amount = console.page.getByLabel('Amount', { exact: true });
    await eventually(async () => expect(await amount.getAttribute('aria-invalid')).toBe('true'));
    await console.page
      .getByText(/at most 2 decimals/)
      .first()
      .waitFor();
  });

  it('logs no browser error except the rejected request', () => {
    expect(console.errors).toEqual([expect.stringContaining('400')]);
  });

  it('works with the keyboard, and shows the focus', async () => {
    const other = await ConsolePage.open(browser, world.service.url);
    const before = await other.count('charged');
    for (let tabs = 0; tabs < 10; tabs++) {
      await other.page.keyboard.press('Tab');
      if ((await other.page.evaluate('document.activeElement.id')) === 'publish-six') break;
    }
    const outline = await other.page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
    await other.page.keyboard.press('Enter');
    await eventually(async () => expect(await other.count('charged')).toBe(before + 3));
    expect(outline).toBe('solid');
  });
});

describe('the console with a bank debit', () => {
  const never = 3_600_000;
  // The service asks the gateway for the outcome.
  const world = useWorld({ gateway: { settleAfterMs: never }, env: { FOLLOW_UP_AFTER: '1' } });

  it.each([
    { outcome: 'succeeded', row: /charged once\s+PAY-succeeded[^]*succeeded later/, node: 'charged' },
    { outcome: 'failed', row: /failed: \w+\s+PAY-failed[^]*failed later/, node: 'declined' },
  ] as const)('shows it at the gateway until it has $outcome', async ({ outcome, row, node }) => {
    const console = await ConsolePage.open(browser, world.service.url);
    await console.publish({
      Payment: `PAY-${outcome}`,
      'Payment method': 'pm_usBankAccount_success',
      'Idempotency key': outcome,
      Copies: '2',
    });
    const open = new RegExp(`processing at the gateway\\s+PAY-${outcome}[^]*1 duplicate`);
    await eventually(async () => expect((await console.rows)[0]).toMatch(open));
    expect([await console.count('processing'), await console.count(node)]).toEqual([1, 0]);
    await world.sandbox.settle(outcome, outcome);
    await eventually(async () => expect((await console.rows)[0]).toMatch(row), { withinMs: 45_000 });
    expect([await console.count('processing'), await console.count(node)]).toEqual([0, 1]);
  });
});

describe('the console with two processes', () => {
  const world = useWorld({ services: 2 });

  it('shows what both of them do', async () => {
    const console = await ConsolePage.open(browser, world.service.url);
    await console.page.getByText('live, 2 processes').waitFor();
    await world.sandbox.fault({ kind: 'delay', delayMs: 300, times: 0 });
    const payments = Array.from({ length: 20 }, () => aPayment());
    for (const payment of payments) await world.broker.publishPayment(payment);
    await eventually(async () => expect(await console.count('charged')).toBe(payments.length));
    expect((await console.processesInRows()).size).toBe(2);
  });
});
