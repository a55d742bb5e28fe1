import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import {
  BrokerUnavailableError,
  OutboxRelay,
  type OutboxEvent,
  type OutboxLag,
  type OutboxMessage,
} from 'nestjs-idempotent/postgres';
import { LedgerDatabase } from '../ledger/ledger-database';
import { OUTBOX_TABLE } from '../ledger/ledger-statements';
import { Publisher } from '../messaging/publisher';
import { messageOf } from '../text/message-of';
import { PaymentEvents } from './payment-events';

/** Longer than a publish may take, with its repeat after the binding was declared again. */
const PUBLISH_TIMEOUT_MS = 12_000;
/** How long the first event waits for others, which share a transaction with it. */
const GATHER_MS = 100;

/** Publishes the events that the ledger has written with its payments, in batches, and apart from the payments. */
@Injectable()
export class PaymentEventRelay implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(PaymentEventRelay.name);
  private readonly relay: OutboxRelay;
  private isWaking = false;
  private isBrokerAway = false;

  constructor(
    { relayPool }: LedgerDatabase,
    private readonly events: PaymentEvents,
    private readonly publisher: Publisher,
  ) {
    this.relay = new OutboxRelay(relayPool, {
      table: OUTBOX_TABLE,
      publish: (message) => this.publish(message),
      publishTimeoutMs: PUBLISH_TIMEOUT_MS,
    });
    this.relay.on((event) => this.log(event));
  }

  onApplicationBootstrap(): void {
    this.relay.start();
  }

  /** Payments and webhooks in flight have ended; RabbitMQ and PostgreSQL are still connected. */
  async onApplicationShutdown(): Promise<void> {
    await this.relay.stop();
    await this.relay.flush();
  }

  /** An event was written: publishes it soon, with others. */
  wake(): void {
    if (this.isWaking) return;
    this.isWaking = true;
    setTimeout(() => {
      this.isWaking = false;
      this.relay.wake();
    }, GATHER_MS);
  }

  /** How many events wait, of all processes. */
  lag(): Promise<OutboxLag> {
    return this.relay.lag();
  }

  private async publish(message: OutboxMessage): Promise<void> {
    const { unavailable } = this.publisher;
    if (unavailable !== undefined) throw new BrokerUnavailableError(unavailable);
    return this.events.relay(message);
  }

  private log(event: OutboxEvent): void {
    switch (event.kind) {
      case 'published':
        this.isBrokerAway = false;
        return;
      case 'broker-unavailable':
        // It is told for each attempt, about every second.
        if (!this.isBrokerAway) this.logger.warn(`Events wait in the ledger: ${event.error.message}`);
        this.isBrokerAway = true;
        return;
      case 'failed': {
        const { message, error, failures, retryInMs } = event;
        const { idempotencyKey, routingKey } = message;
        return this.logger.warn(
          { idempotencyKey, routingKey, failures, retryInMs, err: error },
          'An event is not published yet; trying again',
        );
      }
      case 'database-failed':
        return this.logger.warn(`Events cannot be read from the ledger: ${messageOf(event.error)}`);
      default:
        return event satisfies never;
    }
  }
}
