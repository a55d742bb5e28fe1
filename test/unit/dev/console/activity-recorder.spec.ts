import { NO_COUNTS, type Report } from '../../../../src/dev/console/activity';
import { ActivityRecorder } from '../../../../src/dev/console/activity-recorder';
import type { ActivitySender } from '../../../../src/dev/console/activity-sender';
import { readReport } from '../../../../src/dev/console/report-format';
import type { Environment } from '../../../../src/config/environment';
import { IdempotencyEvents } from 'nestjs-idempotent';
import { MessageEvents } from '../../../../src/messaging/message-events';
import { CHARGES, PAYMENT_REQUESTED } from '../../../../src/messaging/topology';
import { aMessage } from '../../messaging/a-message';

const MOST_BYTES = 256 * 1024;

/** A recorder whose reports are collected. */
class Watched {
  readonly messages = new MessageEvents();
  readonly engine = new IdempotencyEvents();
  readonly sent: Buffer[] = [];

  constructor() {
    const send = (report: Report) => this.sent.push(Buffer.from(JSON.stringify(report))) > 0;
    new ActivityRecorder({ send } as unknown as ActivitySender, this.messages, this.engine, {
      idempotencyLeaseMs: 30_000,
    } as Environment).onModuleInit();
  }

  publish(fields: { text: string; copies?: number }): void {
    const { text, copies = 1 } = fields;
    const payment = { paymentId: text, amount: 999_999_999.99, customerId: text, paymentMethodId: text };
    const key = 'k'.repeat(255);
    const sentAt = Date.now();
    this.messages.emit({
      kind: 'published',
      routingKey: PAYMENT_REQUESTED,
      key,
      body: payment,
      copies,
      sentAt,
    });
  }

  fail(detail: string, key = 'k'.repeat(255)): void {
    const disposition = { kind: 'dead-letter', reason: 'retries-exhausted', detail, attempts: 100 } as const;
    const queue = CHARGES.name;
    this.messages.emit({ kind: 'settled', queue, message: aMessage({}), disposition, key });
  }

  complete(result: unknown): void {
    const key = 'k'.repeat(255);
    this.engine.emit({ scope: 'payment', key }, { kind: 'completed', fencingToken: 1, result });
  }

  end(result: object, queue: string = CHARGES.name): void {
    this.messages.emit({ kind: 'ended', queue, key: 'k', result });
  }

  /** The next report as a console reads it. */
  report(): { readonly bytes: number; readonly read: Report | undefined } {
    jest.advanceTimersByTime(100);
    const content = this.sent.at(-1) ?? Buffer.alloc(0);
    return { bytes: content.length, read: readReport(content) };
  }
}

describe('the report of a process', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it.each([
    { of: 'one byte', text: 'x'.repeat(255) },
    { of: 'three bytes', text: '€'.repeat(255) },
    { of: 'four bytes and a variation selector', text: '😀\uFE0F'.repeat(255) },
    { of: 'which are escaped', text: '\uD800'.repeat(255), shown: '\\ud800'.repeat(255).slice(0, 765) },
  ])(
    'is accepted by the console with the maximum number of the longest payments, in characters of $of',
    (one) => {
      const watched = new Watched();
      for (let number = 0; number < 300; number++) watched.publish(one);
      const { bytes, read } = watched.report();
      expect(bytes).toBeLessThanOrEqual(MOST_BYTES);
      expect(read?.counts.published).toBe(300);
      const shown = one.shown ?? one.text;
      expect(read?.happenings[0]).toMatchObject({ payment: { paymentId: shown, customerId: shown } });
      expect((read?.happenings.length ?? 0) + (read?.omitted ?? 0)).toBe(300);
    },
  );

  it('lists 200 payments of usual length one by one, and counts the others', () => {
    const watched = new Watched();
    for (let number = 0; number < 250; number++) watched.publish({ text: 'x'.repeat(100) });
    expect(watched.report().read).toMatchObject({ omitted: 50, happenings: { length: 200 } });
  });

  it('is accepted with the longest details, of which it contains 300 characters', () => {
    const watched = new Watched();
    for (let number = 0; number < 300; number++) watched.fail('€'.repeat(5_000));
    const { bytes, read } = watched.report();
    expect(bytes).toBeLessThanOrEqual(MOST_BYTES);
    expect(read).toMatchObject({ counts: { dead: 300 }, happenings: { length: 200 } });
    expect(read?.happenings[0]).toMatchObject({ detail: '€'.repeat(300) });
  });

  it('is accepted with any content of a record in Redis', () => {
    const watched = new Watched();
    const long = '€'.repeat(10_000);
    watched.complete({ status: long, paymentId: long, chargeId: long, declineCode: long, currency: long });
    watched.complete(null);
    watched.complete({ status: 7, amountMinorUnits: 1e21, currency: 'USD' });
    expect(watched.report().read).toMatchObject({ counts: { charged: 3 }, happenings: { length: 3 } });
  });

  it('has the later outcome of a payment, without fields that the page does not show', () => {
    const watched = new Watched();
    const shown = { status: 'failed', paymentId: 'P', chargeId: 'pi_1', declineCode: 'account_closed' };
    watched.end({ ...shown, receiptEmail: 'jane.canary@example.com' });
    watched.end({ status: 'succeeded' }, 'another queue');
    const { read } = watched.report();
    expect(read?.counts).toEqual({ ...NO_COUNTS, declined: 1 });
    expect(read?.happenings).toEqual([{ key: 'k', at: Date.now() - 100, kind: 'ended', result: shown }]);
  });

  it('only counts what a console would drop, so that the other events are listed', () => {
    const watched = new Watched();
    watched.fail('x', 'no key that a payment can have');
    watched.fail('x');
    expect(watched.report().read).toMatchObject({
      counts: { dead: 2 },
      happenings: { length: 1 },
      omitted: 1,
    });
  });

  it('is empty again after each report', () => {
    const watched = new Watched();
    for (const text of ['€', 'x']) {
      for (let number = 0; number < 150; number++) watched.publish({ text: text.repeat(255) });
      expect(watched.report().read?.happenings.length).toBeGreaterThan(50);
    }
  });
});
