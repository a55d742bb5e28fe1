import axe from 'axe-core';
import type { Browser } from 'playwright-core';
import { ConsolePage, openBrowser } from '../support/browser';
import { eventually } from '../support/eventually';
import { isJsonObject } from '../support/json';
import { useWorld } from '../support/world';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, 300_000);
afterAll(() => browser.close());

/** Violations that the accessibility checker axe finds, contrast included. */
async function accessibilityViolations({ page }: ConsolePage): Promise<string[]> {
  await page.evaluate(axe.source);
  const found: unknown = await page.evaluate('axe.run()');
  const violations =
    isJsonObject(found) && Array.isArray(found.violations) ? found.violations : ['no answer'];
  return violations.map((violation: unknown) => JSON.stringify(violation));
}

describe('the console with payments and a dead letter', () => {
  const never = 3_600_000;
  const world = useWorld({ gateway: { settleAfterMs: never } });

  beforeAll(async () => {
    await world.service.post('/payments?copies=3', { paymentId: 'PAY-001', amount: 1, customerId: 'C' });
    await world.service.post('/payments', {
      paymentId: 'PAY-002',
      amount: 1,
      customerId: 'C',
      paymentMethodId: 'pm_card_visa_chargeDeclined',
    });
    await world.service.post('/payments', {
      paymentId: 'PAY-003',
      amount: 1,
      customerId: 'C',
      paymentMethodId: 'pm_usBankAccount_success',
    });
    await world.broker.publish('not a payment');
    await world.broker.waitForDeadLetters(1);
  });

  it.each([
    { name: 'light', look: {} },
    { name: 'dark', look: { dark: true } },
    { name: 'light, on a phone', look: { phone: true } },
    { name: 'dark, on a phone', look: { phone: true, dark: true } },
  ])('fits its window and passes the accessibility check: $name', async ({ look }) => {
    const console = await ConsolePage.open(browser, world.service.url, { ...look, still: true });
    await eventually(async () => {
      expect(await console.rows).toHaveLength(4);
      expect(await console.deadLetters).toHaveLength(1);
    });
    expect(await console.overflow).toBe(0);
    expect(await accessibilityViolations(console)).toEqual([]);
  });
});

describe('the console while a dependency or the service is down', () => {
  const world = useWorld({ own: { redis: true } });

  it('shows that Redis is down, and removes the banner when Redis is back', async () => {
    const console = await ConsolePage.open(browser, world.service.url);
    await world.redisServer.kill();
    await eventually(async () => expect(await console.banner).toContain('Redis'));
    await world.redisServer.restart();
    await eventually(async () => expect(await console.banner).toBe(''), { withinMs: 30_000 });
  });

  it('shows that the service is unreachable, and reconnects without a reload', async () => {
    const console = await ConsolePage.open(browser, world.service.url);
    const { port } = new URL(world.service.url);
    await world.service.kill();
    await eventually(async () => expect(await console.banner).toContain('unreachable'));
    await world.startService({ port: Number(port) });
    await console.page.getByText(/^live, /).waitFor();
    await eventually(async () => expect(await console.banner).toBe(''));
  });
});

describe('the console with a gateway that is not the sandbox', () => {
  const world = useWorld({ services: 0 });

  it('disables the choice of gateway behaviour, and says why', async () => {
    // The gateway here is another service: any HTTP server that is not the sandbox.
    const other = await world.startService();
    const service = await world.startService({ gatewayUrl: other.url });
    const console = await ConsolePage.open(browser, service.url);
    await console.page.getByText(/is not the sandbox/).waitFor();
    expect(await console.page.getByRole('radio', { name: /slowly/ }).isDisabled()).toBe(true);
  });
});
