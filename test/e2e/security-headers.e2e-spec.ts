import type { Browser } from 'playwright-core';
import { openBrowser } from '../support/browser';
import { send } from '../support/raw-http';
import { useWorld } from '../support/world';

const everywhere = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

describe('an answer', () => {
  const world = useWorld();
  const answerTo = (path: string, headers: Record<string, string> = {}) =>
    send(`${world.service.url}${path}`, { headers });

  it.each([
    '/',
    '/docs',
    '/docs-json',
    '/health/live',
    '/metrics',
    '/dead-letters',
    '/payments/unknown',
    '/nothing',
    '/payments/%E0%A4%A',
  ])('has the security headers: %s', async (path) => {
    const { headers } = await answerTo(path);
    expect(headers).toMatchObject(everywhere);
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; ?frame-ancestors 'none'/);
    expect(headers).not.toHaveProperty('x-powered-by');
  });

  it('has them also when the request is rejected', async () => {
    const { status, headers } = await answerTo('/', { host: 'rebound.example' });
    expect([status, headers]).toEqual([403, expect.objectContaining(everywhere)]);
  });

  it.each(['/health/live', '/docs-json', '/dead-letters', '/nothing'])(
    'that is not a page may load and run nothing: %s',
    async (path) => {
      const { headers } = await answerTo(path);
      expect(headers['content-security-policy']).toBe("default-src 'none';frame-ancestors 'none'");
    },
  );

  it('that is the console allows no inline code, and requires trusted types', async () => {
    const { headers } = await answerTo('/');
    expect(String(headers['content-security-policy']).split('; ').sort()).toEqual([
      "base-uri 'none'",
      "connect-src 'self'",
      "default-src 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "img-src 'self'",
      "require-trusted-types-for 'script'",
      "script-src 'self'",
      "style-src 'self'",
    ]);
  });

  it('that is the Swagger page allows no inline script and no other server', async () => {
    const policy = String((await answerTo('/docs')).headers['content-security-policy']);
    expect(policy.split('; ')).toEqual(expect.arrayContaining(["script-src 'self'", "connect-src 'self'"]));
    expect(policy).not.toMatch(/unsafe-inline|unsafe-eval|https?:|\*/);
  });
});

describe('an answer in production', () => {
  const world = useWorld({ env: { NODE_ENV: 'production', ALLOW_INSECURE_URLS: 'true' } });

  it.each(['/health/live', '/metrics', '/nothing'])('has the same headers: %s', async (path) => {
    const { headers } = await send(`${world.service.url}${path}`, {});
    expect(headers).toMatchObject(everywhere);
    expect(headers).not.toHaveProperty('x-powered-by');
  });
});

describe('the Swagger page', () => {
  const world = useWorld();
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  }, 300_000);
  afterAll(() => browser.close());

  it('works under its policy without violations, and publishes a payment', async () => {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', ({ message }) => problems.push(message));
    page.on('console', (line) => {
      if (line.type() === 'error' || line.type() === 'warning') problems.push(line.text());
    });
    await page.goto(`${world.service.url}/docs`);
    const operation = page.locator('.opblock-post', { has: page.locator('[data-path="/payments"]') });
    await operation.locator('.opblock-summary-control').click();
    await operation.getByRole('button', { name: 'Try it out' }).click();
    await operation.getByRole('button', { name: 'Execute' }).click();
    await operation.locator('.live-responses-table .response-col_status', { hasText: '202' }).waitFor();
    expect(problems).toEqual([]);
  });
});
