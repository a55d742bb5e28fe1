import type { Browser } from 'playwright-core';
import { ConsolePage, openBrowser } from '../support/browser';
import { eventually } from '../support/eventually';
import { EventStream } from '../support/event-stream';
import { aPayment } from '../support/payments';
import { useWorld } from '../support/world';
import type { World } from '../support/world';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, 300_000);
afterAll(() => browser.close());

const NO_COUNTS = { published: 0, charged: 0, declined: 0, duplicates: 0, delayed: 0, dead: 0 };

function aReport(overrides: object = {}): object {
  const at = Date.now();
  return {
    process: 'forged:1',
    at,
    inProgress: 0,
    counts: NO_COUNTS,
    happenings: [],
    omitted: 0,
    ...overrides,
  };
}

/** Every user with write access to amq.topic can do this. */
async function forge(world: World, report: object | string): Promise<void> {
  const body = typeof report === 'string' ? report : JSON.stringify(report);
  await world.broker.publish(body, { exchange: 'amq.topic', routingKey: 'payment-consumer.activity' });
}

const about = (kind: string, more: object = {}) => ({ key: 'forged', at: Date.now(), kind, ...more });
const finished = (result: unknown) => about('finished', { result });

/** Invalid reports: no process of ours sends them, and a page that trusted them would crash. */
const INVALID_REPORTS: readonly (object | string)[] = [
  'no JSON',
  'null',
  aReport({ happenings: [null] }),
  aReport({ happenings: [about('published')] }),
  aReport({ happenings: [finished(null)] }),
  aReport({ happenings: [finished({ status: 'succeeded', amount: {}, currency: 7 })] }),
  aReport({ happenings: [about('dead', { reason: null, detail: [] })] }),
  aReport({ happenings: [about('delayed', { delayMs: 'long', why: 7 })] }),
  aReport({ happenings: [about('started', { leaseMs: null })] }),
  aReport({ happenings: [about('exploded')] }),
  aReport({ counts: null }),
  aReport({ counts: { charged: 'many' } }),
  JSON.stringify(aReport({ counts: { ...NO_COUNTS, charged: 7 } })).replace(':7', ':1e999'),
  aReport({ counts: { ...NO_COUNTS, charged: -5 } }),
  aReport({ process: { toString: 1 } }),
  aReport({ at: 'tomorrow' }),
  aReport({ inProgress: 1e300 }),
  aReport({ happenings: Array.from({ length: 201 }, () => about('released')) }),
  // If accepted, it would be kept and sent to each page that is opened.
  aReport({ process: 'x'.repeat(300_000) }),
];

const SAID =
  'A message that is not a valid report was published to the exchange of the console; it is dropped';

describe('the console while a client publishes invalid reports', () => {
  const world = useWorld();

  it('still shows payments, on a page that was open and on a new one', async () => {
    const open = await ConsolePage.open(browser, world.service.url);
    for (const forged of INVALID_REPORTS) await forge(world, forged);
    const genuine = aPayment();
    await world.service.postPayment(genuine, { copies: 2 });
    const pages = [open, await ConsolePage.open(browser, world.service.url)];
    for (const page of pages) {
      await eventually(async () => {
        expect(await page.rows).toEqual([expect.stringContaining(genuine.paymentId)]);
        expect([await page.count('charged'), await page.count('duplicates')]).toEqual([1, 1]);
      });
      expect(page.errors).toEqual([]);
      await page.page.getByText('live, 1 process').waitFor();
    }
  });

  it('logs one warning, without the published content', () => {
    const warnings = world.service.logged({ msg: SAID });
    expect(warnings).toHaveLength(1);
    expect(JSON.stringify(warnings)).not.toContain('forged');
  });
});

describe('the console while a client publishes forged but valid reports', () => {
  const world = useWorld();

  it('does not trust their times: live processes and the last minute stay right', async () => {
    const page = await ConsolePage.open(browser, world.service.url);
    for (const at of [0, Date.now() + 86_400_000, 8.64e15])
      await forge(world, aReport({ process: `p-${at}`, at }));
    await world.service.postPayment(aPayment());
    await page.page.getByText('live, 4 processes').waitFor();
    await page.page.locator('#chart[aria-label^="In the last minute: 1 charged"]').waitFor();
  });

  it('keeps at most one megabyte for new pages, with the latest report in it', async () => {
    const text = '€'.repeat(255);
    const payment = { paymentId: text, amount: 1, customerId: text, paymentMethodId: text };
    const happenings = Array.from({ length: 100 }, () => about('published', { payment, copies: 1 }));
    for (let number = 0; number < 20; number++) await forge(world, aReport({ happenings }));
    const genuine = aPayment();
    await world.service.postPayment(genuine);
    await eventually(async () => {
      const stream = await EventStream.open(`${world.service.url}/console/events`);
      const snapshot = JSON.stringify(await stream.next('snapshot'));
      await stream.close();
      expect(snapshot).toContain(genuine.idempotencyKey);
      expect(Buffer.byteLength(snapshot)).toBeLessThan(1.1 * 1024 * 1024);
    });
  });
});

describe('the console with payments that end later', () => {
  const world = useWorld();
  const had = (paymentId: string, kind: 'finished' | 'ended', status: string) => {
    const code = status === 'failed' && { declineCode: 'account_closed' };
    return about(kind, { key: paymentId, result: { paymentId, status, ...code } });
  };
  const report = (happenings: object[], counts: object = {}) =>
    forge(world, aReport({ happenings, counts: { ...NO_COUNTS, ...counts } }));

  it('shows them at the gateway until they end, even if the end is reported first', async () => {
    const console = await ConsolePage.open(browser, world.service.url);
    const first = [had('OPEN', 'finished', 'processing'), had('UNPAID', 'finished', 'processing')];
    await report([...first, had('PAID', 'ended', 'succeeded')], { published: 3, charged: 1 });
    await eventually(async () => expect(await console.count('processing')).toBe(2));
    await report([had('PAID', 'finished', 'processing'), had('UNPAID', 'ended', 'failed')], { declined: 1 });
    await eventually(async () =>
      expect(await console.rows).toEqual([
        expect.stringMatching(/charged once\s+PAID[^]*succeeded later/),
        expect.stringMatching(/failed: account_closed\s+UNPAID[^]*failed later\s+account_closed/),
        expect.stringMatching(/processing at the gateway\s+OPEN/),
      ]),
    );
    const sentence = '3 messages, 1 charge, 1 declined or failed, 0 duplicates replayed, 1 at the gateway';
    await console.page.getByText(sentence).first().waitFor();
    expect([await console.count('charged'), await console.count('declined')]).toEqual([1, 1]);
    expect(console.errors).toEqual([]);
  });
});

describe('the page, when its service sends invalid reports', () => {
  const world = useWorld();

  it('shows everything else, and reports errors only in the browser’s console', async () => {
    const broken = [
      null,
      finished(null),
      about('published'),
      about('published', { payment: null, copies: {} }),
    ];
    const started = {
      key: 'genuine',
      at: Date.now(),
      kind: 'started',
      attempt: 1,
      fencingToken: 1,
      leaseMs: 5_000,
    };
    const report = aReport({ happenings: [...broken, started] });
    const totals = { ...NO_COUNTS, charged: 3 };
    const event = (type: string, data: object) => `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
    const body = event('snapshot', { totals, reports: [null, report] }) + event('report', { report, totals });
    const page = await ConsolePage.blank(browser);
    await page.page.route('**/console/events', (route) =>
      route.fulfill({ contentType: 'text/event-stream', body }),
    );
    await page.page.goto(world.service.url);
    await eventually(async () => {
      expect((await page.rows)[0]).toContain('genuine');
      expect(await page.count('charged')).toBe(3);
    });
    expect(page.errors).not.toEqual([]);
  });
});
