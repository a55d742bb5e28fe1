import type { ConsumeMessage } from 'amqplib';
import { printable } from '../../text/printable';
import type { KeyEvent } from 'nestjs-idempotent';
import { readKey } from 'nestjs-idempotent';
import { readBody } from '../../messaging/message-body';
import type { MessageEvent } from '../../messaging/message-events';
import { CHARGES, HEADERS } from '../../messaging/topology';
import { isCurrencyCode } from '../../money/currencies';
import { inMajorUnits } from '../../money/money';
import type { PaymentFields } from '../../payment/payment.dto';
import type { Happening, PublishedFields, ResultFacts } from './activity';
import { LONGEST_TEXT } from './report-format';

/** As long as the detail in a dead letter's header. */
const LONGEST_DETAIL = 300;

/** What the engine did with a payment's key; undefined for events that the page does not show. */
export function fromEngine(event: KeyEvent, leaseMs: number): Happening | undefined {
  const facts = { key: event.key, at: Date.now() };
  switch (event.kind) {
    case 'acquired':
      return {
        ...facts,
        kind: 'started',
        attempt: event.attempt,
        fencingToken: event.fencingToken,
        leaseMs,
      };
    case 'lease-renewed':
      return { ...facts, kind: 'lease-renewed', leaseMs };
    case 'lease-lost':
    case 'completion-refused':
      return { ...facts, kind: 'lease-lost' };
    case 'released':
      return { ...facts, kind: 'released' };
    case 'completed':
      return { ...facts, kind: 'finished', result: factsOf(event.result) };
    case 'replayed':
      return { ...facts, kind: 'duplicate', from: event.from, result: factsOf(event.result) };
    // The disposition is reported when the message is settled.
    case 'in-progress':
    case 'idempotency-key-reused':
    case 'retries-exhausted':
    case 'outside-deduplication-window':
    case 'from-the-future':
    case 'store-unavailable':
    case 'transaction-repeated':
      return undefined;
    default:
      return event satisfies never;
  }
}

/** What happened to a payment request outside the engine; undefined for messages of other queues. */
export function fromMessages(event: MessageEvent): Happening | undefined {
  switch (event.kind) {
    case 'published': {
      if (event.routingKey !== CHARGES.routingKey) return undefined;
      const { key, copies, sentAt: at } = event;
      // Published by PaymentPublisherService, which has checked it.
      const payment = withoutPersonalData(event.body as PaymentFields);
      return { key, at, kind: 'published', payment, copies };
    }
    case 'settled': {
      if (event.queue !== CHARGES.name) return undefined;
      const { message, disposition } = event;
      const key = event.key ?? keyOf(message);
      const at = Date.now();
      return disposition.kind === 'delay'
        ? {
            key,
            at,
            kind: 'delayed',
            delayMs: disposition.delayMs,
            attempts: disposition.attempts,
            why: disposition.reason,
          }
        : {
            key,
            at,
            kind: 'dead',
            reason: disposition.reason,
            detail: shown(disposition.detail, LONGEST_DETAIL),
            attempts: disposition.attempts,
          };
    }
    case 'ended': {
      if (event.queue !== CHARGES.name) return undefined;
      return { key: event.key, at: Date.now(), kind: 'ended', result: factsOf(event.result) };
    }
    default:
      return event satisfies never;
  }
}

function withoutPersonalData(payment: PaymentFields): PublishedFields {
  const { paymentId, amount, customerId, currency, paymentMethodId } = payment;
  return {
    paymentId: shown(paymentId),
    amount,
    customerId: shown(customerId),
    ...(currency !== undefined && { currency }),
    ...(paymentMethodId !== undefined && { paymentMethodId: shown(paymentMethodId) }),
  };
}

function shown(text: string, longest = LONGEST_TEXT): string {
  return printable(text).slice(0, longest);
}

/** Empty if the message has no valid key. */
function keyOf({ content, properties }: ConsumeMessage): string {
  try {
    const location = { header: HEADERS.idempotencyKey, property: 'idempotencyKey' };
    return readKey(location, { headers: properties.headers, payload: readBody(content) });
  } catch {
    return '';
  }
}

/** Another version may have stored the record, so only fields of the expected type are passed on. */
function factsOf(result: unknown): ResultFacts {
  const stored = new Map(typeof result === 'object' && result !== null ? Object.entries(result) : []);
  const text = (name: string) => {
    const value: unknown = stored.get(name);
    return typeof value === 'string' ? { [name]: shown(value) } : {};
  };
  return {
    status: 'unknown',
    ...text('status'),
    ...text('paymentId'),
    ...text('currency'),
    ...text('chargeId'),
    ...text('declineCode'),
    ...amountOf(stored.get('amountMinorUnits'), stored.get('currency')),
  };
}

/** Browsers and the gateway disagree about decimals: HUF has none in a browser, so its amount would be shown × 100. */
function amountOf(minorUnits: unknown, currency: unknown): { readonly amount?: string } {
  return typeof minorUnits === 'number' && isCurrencyCode(currency)
    ? { amount: inMajorUnits(minorUnits, currency) }
    : {};
}
