import { randomUUID } from 'node:crypto';
import type { ConfirmChannel } from 'amqplib';
import { hostileMessages } from '../support/hostile-messages';
import type { JsonObject } from '../support/json';
import { publishRaw, rawText } from '../support/raw-amqp';
import { exchange, keyHeader, routingKey } from '../support/topology';
import { ConfirmedSending, sendConfirmed } from './confirmed-sending';
import type { SendingSettings } from './confirmed-sending';
import type { Overrides, PlannedMessage, PlannedPayment } from './load';
import { PublishedLedger } from './ledger';

interface Outgoing {
  messageId: string;
  body: string | Buffer;
  headers: JsonObject;
  overrides: Overrides | undefined;
}

export interface PublisherSettings extends SendingSettings {
  /** Whether the gateway has charged or declined a payment. */
  hasOutcome: (key: string) => Promise<boolean>;
}

/** Publishes payments, their duplicates and hostile messages. */
export class Publisher {
  readonly ledger = new PublishedLedger();
  private readonly sending: ConfirmedSending;

  constructor(private readonly settings: PublisherSettings) {
    this.sending = new ConfirmedSending(settings);
  }

  /** Publishes each message at its time, or as soon as possible after it. */
  async publishAll(messages: readonly PlannedMessage[], startedAt: number): Promise<void> {
    await this.sending.publishAll(messages, startedAt, (message) => this.publish(message));
  }

  /** Resolves when the message is confirmed. */
  async publish(message: PlannedMessage): Promise<void> {
    const { overrides } = message;
    const messageId = overrides?.messageId ?? randomUUID();
    const messageOf = (payment: PlannedPayment): Outgoing => ({
      messageId,
      body: JSON.stringify(payment),
      headers: keyIn(payment),
      overrides,
    });
    switch (message.kind) {
      case 'first':
      case 'copy':
      case 'late': {
        const { payment } = message;
        this.ledger.sending(messageId, message);
        await this.untilConfirmed(messageOf(payment));
        this.ledger.confirmed(payment.idempotencyKey);
        return;
      }
      case 'rejected': {
        const { payment, what, reason } = message;
        this.ledger.sendingHostile({ messageId, what, reason });
        await this.untilConfirmed(messageOf(payment));
        return this.ledger.confirmedHostile(messageId);
      }
      case 'reuse': {
        const { payment } = message;
        // Before the outcome it would be open which of the two payloads claims the key.
        const hasOutcome = () => this.settings.hasOutcome(payment.idempotencyKey);
        if (!(await this.sending.until(hasOutcome))) return;
        this.ledger.sendingHostile({
          messageId,
          what: 'a key reused for another amount',
          reason: 'idempotency-key-reused',
          reusedKey: payment.idempotencyKey,
        });
        await this.untilConfirmed(messageOf(payment));
        return this.ledger.confirmedHostile(messageId);
      }
      case 'hostile': {
        const hostile = hostileMessages.find(({ name }) => name === message.name);
        if (hostile === undefined) throw new Error(`unknown hostile message "${message.name}"`);
        const { name, reason, body, headers } = hostile;
        this.ledger.sendingHostile({ messageId, what: name, reason });
        await this.untilConfirmed({ messageId, body, headers, overrides });
        return this.ledger.confirmedHostile(messageId);
      }
      default:
        return message satisfies never;
    }
  }

  async finish(withinMs: number): Promise<void> {
    await this.sending.finish(withinMs);
  }

  private async untilConfirmed(message: Outgoing): Promise<void> {
    await this.sending.untilConfirmed((channel) => send(channel, message));
  }
}

function send(
  channel: ConfirmChannel,
  { messageId, body, headers, overrides = {} }: Outgoing,
): Promise<void> {
  const { correlationId, timestamp = Math.floor(Date.now() / 1000) } = overrides;
  if (!overrides.headers) {
    const properties = {
      headers,
      messageId,
      timestamp,
      ...(correlationId !== undefined && { correlationId }),
    };
    return sendConfirmed(channel, { exchange, routingKey, body, properties });
  }
  return publishRaw(channel, {
    ...{ exchange, routingKey, messageId, timestamp, body: Buffer.from(body) },
    headers: [
      ...Object.entries(headers).map(([name, text]) => [name, rawText(String(text))] as const),
      ...overrides.headers,
    ],
  });
}

function keyIn({ idempotencyKey }: { idempotencyKey: string }): JsonObject {
  return { [keyHeader]: idempotencyKey };
}
