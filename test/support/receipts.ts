import { randomUUID } from 'node:crypto';
import { eventually } from './eventually';
import { Mailbox } from './mailbox';
import { aPayment } from './payments';
import type { Payment } from './payments';
import type { Service } from './service';
import { redisKeys } from './redis';
import { eventsExchange, keyHeader, succeededRoutingKey } from './topology';
import { useWorld } from './world';
import type { World, WorldOptions } from './world';

/** Who receipts come from in the tests. */
export const receiptFrom = 'receipts@shop.example';

export type PaymentWithReceipt = Payment & { receiptEmail: string };

/** A payment whose receipt goes to an address that no other test has. */
export function aPaymentWithReceipt(overrides: Partial<Payment> = {}): PaymentWithReceipt {
  return { ...aPayment(overrides), receiptEmail: `customer-${randomUUID()}@example.com` };
}

/** A world with a mail server, and as many services that know it as asked for. */
export function useReceipts({ services = 1, env = {} }: WorldOptions = {}): Receipts {
  const world = useWorld({ services: 0, env: { RECEIPT_FROM: receiptFrom, ...env } });
  const receipts = new Receipts(world);
  beforeAll(async () => {
    await receipts.open();
    for (let started = 0; started < services; started++) await receipts.startService();
  });
  afterAll(() => receipts.close());
  return receipts;
}

const chargeOf = (paymentId: unknown) => ({
  chargeId: `pi_${String(paymentId)}`,
  amountMinorUnits: 9999,
  currency: 'USD',
});

/** What tests do with receipts: publish events, and look into the mailbox. */
export class Receipts {
  private server: Mailbox | undefined;

  constructor(readonly world: World) {}

  get mailbox(): Mailbox {
    if (!this.server) throw new Error('the mail server has not started');
    return this.server;
  }

  async open(): Promise<void> {
    this.server = await Mailbox.open();
  }

  async close(): Promise<void> {
    await this.server?.stop();
  }

  async startService(env: Record<string, string> = {}): Promise<Service> {
    return this.world.startService({ env: { SMTP_URL: this.mailbox.url, ...env } });
  }

  /** Records a payment as succeeded, without a charge. */
  async record({ paymentId, idempotencyKey }: Payment): Promise<void> {
    const result = { paymentId, ...chargeOf(paymentId), status: 'succeeded' };
    const record = { processedAt: new Date().toISOString(), result };
    await this.world.redis.client.set(redisKeys(idempotencyKey).record, JSON.stringify(record), 'EX', 600);
  }

  /** Does what a service does once the payment has succeeded, with other fields in the event where a test wants them. */
  async publishSucceeded(
    payment: Payment,
    { copies = 1, change = {} }: { copies?: number; change?: Record<string, unknown> } = {},
  ): Promise<void> {
    await this.record(payment);
    await this.publishEvent(payment, { copies, change });
  }

  /** An event alone. */
  async publishEvent(
    { paymentId, idempotencyKey, customerId, receiptEmail }: Payment,
    { copies = 1, change = {} }: { copies?: number; change?: Record<string, unknown> } = {},
  ): Promise<void> {
    const event = { paymentId, idempotencyKey, customerId, receiptEmail, ...chargeOf(paymentId), ...change };
    for (let copy = 0; copy < copies; copy++) {
      await this.world.broker.publish(JSON.stringify(event), {
        exchange: eventsExchange,
        routingKey: succeededRoutingKey,
        headers: { [keyHeader]: idempotencyKey },
      });
    }
  }

  async isRecorded({ idempotencyKey }: Payment): Promise<boolean> {
    return (await this.world.redis.client.exists(`idempotent:receipt:${idempotencyKey}`)) === 1;
  }

  /** Waits until the receipt is sent and recorded. */
  async untilSent(payment: PaymentWithReceipt, withinMs = 15_000): Promise<void> {
    await eventually(() => this.isRecorded(payment), { withinMs });
    expect(this.mailbox.to(payment.receiptEmail)).not.toEqual([]);
  }

  /** A payment after the others is through: what the queues delivered before it is done with, too. */
  async untilALaterOneIsSent(): Promise<void> {
    const later = aPaymentWithReceipt();
    await this.world.broker.publishPayment(later);
    await this.untilSent(later);
  }

  /** Ends every service in order, so that nothing they did is still under way. */
  async stopServices(): Promise<void> {
    const running = this.world.services.filter((service) => service.running);
    await Promise.all(running.map((service) => service.terminate()));
  }
}
