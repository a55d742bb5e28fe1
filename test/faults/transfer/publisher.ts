import { randomUUID } from 'node:crypto';
import { consumerCount } from '../catalog';
import { ConfirmedSending, sendConfirmed } from '../confirmed-sending';
import type { SendingSettings } from '../confirmed-sending';
import type { Leading } from '../crash';
import { Random } from '../random';
import type { PublishedTransfer } from './history';
import { aTransfer } from './load';
import type { PlannedTransfer } from './load';
import { keyHeader, transferQueue } from './transfer';
import type { Transfer } from './transfer';

type Message = Pick<PlannedTransfer, 'key' | 'transfer' | 'mustFail'>;

/** Publishes transfers and their duplicates, and keeps a journal of them. */
export class TransferPublisher implements Leading<string> {
  private readonly journal = new Map<string, PublishedTransfer>();
  private readonly sending: ConfirmedSending;
  private readonly random = new Random(0);
  private extra = 0;

  constructor(settings: SendingSettings) {
    this.sending = new ConfirmedSending(settings);
  }

  get published(): readonly PublishedTransfer[] {
    return [...this.journal.values()];
  }

  /** Publishes each message at its time, or as soon as possible after it. */
  async publishAll(messages: readonly PlannedTransfer[], startedAt: number): Promise<void> {
    await this.sending.publishAll(messages, startedAt, (message) => this.publish(message));
  }

  /** One transfer for each consumer, beside the load. Resolves soon, even if the broker does not confirm them. */
  async leadTo(): Promise<void> {
    await this.publishExtra('extra');
  }

  /** @returns their keys, which begin with the given name */
  async publishExtra(name: string, settings: Partial<Transfer> = {}): Promise<string[]> {
    const keys = Array.from({ length: consumerCount }, () => `${name}-${++this.extra}`);
    const transfer = () => ({ ...aTransfer(this.random), ...settings });
    const confirmed = keys.map((key) => this.publish({ key, transfer: transfer(), mustFail: false }));
    await Promise.race([Promise.all(confirmed), new Promise((resolve) => setTimeout(resolve, 2_000))]);
    return keys;
  }

  /** Publishes a duplicate. */
  async publishAgain(key: string): Promise<void> {
    const known = this.journal.get(key);
    if (known) await this.publish(known);
  }

  async finish(withinMs: number): Promise<void> {
    await this.sending.finish(withinMs);
  }

  private async publish({ key, transfer, mustFail }: Message): Promise<void> {
    const entry = this.journal.get(key) ?? { key, transfer, mustFail, confirmedAt: undefined, copies: 0 };
    // Before it is sent: from then on it may arrive.
    this.journal.set(key, entry);
    const properties = { headers: { [keyHeader]: key }, messageId: randomUUID() };
    await this.sending.untilConfirmed((channel) =>
      sendConfirmed(channel, {
        exchange: '',
        routingKey: transferQueue,
        body: JSON.stringify(transfer),
        properties,
      }),
    );
    entry.confirmedAt ??= Date.now();
    entry.copies++;
  }
}
