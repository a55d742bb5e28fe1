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

/** The sender of receipts in tests. */
export const receiptFrom = 'receipts@shop.example';

export type PaymentWithReceipt = Payment & { receiptEmail: string };

/** A payment whose receipt goes to a unique address. */
export function aPaymentWithReceipt(overrides: Partial<Payment> = {}): PaymentWithReceipt {
  return { ...aPayment(overrides), receiptEmail: `customer-${randomUUID()}@example.com` };
}

/** A world with a mail server, and the given number of services that use it. */
export function useReceipts({ services = 1, env = {}, ...options }: WorldOptions = {}): Receipts {
  const world = useWorld({ ...options, services: 0, env: { RECEIPT_FROM: receiptFrom, ...env } });
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

/** Publishes events and reads the mailbox. */
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

  /** Does what a service does after a payment has succeeded; `change` overrides fields of the event. */
  async publishSucceeded(
    payment: Payment,
    { copies = 1, change = {} }: { copies?: number; change?: Record<string, unknown> } = {},
  ): Promise<void> {
    await this.record(payment);
    await this.publishEvent(payment, { copies, change });
  }

  /** Publishes an event without a record. */
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

  /** Waits for a later payment, so that everything the queues delivered before it is finished, too. */
  async untilALaterOneIsSent(): Promise<void> {
    const later = aPaymentWithReceipt();
    await this.world.broker.publishPayment(later);
    await this.untilSent(later);
  }

  /** Stops every service gracefully, so that none of their work is still in progress. */
  async stopServices(): Promise<void> {
    const running = this.world.services.filter((service) => service.running);
    await Promise.all(running.map((service) => service.terminate()));
  }
}
