import type { Pool } from 'pg';
import { IdempotencyEvents, IdempotencyService, type IdempotencyContext } from 'nestjs-idempotent';
import {
  OutboxRelay,
  type OutboxEvent,
  type OutboxMessage,
  type OutboxRelayOptions,
} from 'nestjs-idempotent/postgres';
import { publishWith } from 'nestjs-idempotent/rabbitmq';
import type { OutboxBroker } from './outbox-broker';
import { poolAt } from './postgres-pool';
import type { EffectsDatabase } from './transactional-engine';

type Publish = OutboxRelayOptions['publish'];

export interface ProcessOptions extends Partial<OutboxRelayOptions> {
  /** Around the publish to the broker. */
  readonly around?: (message: OutboxMessage, publish: Publish) => Promise<void>;
  /** Of the relay. Default: one of its own. */
  readonly pool?: Pool;
}

/** One process of an application: engine, relay, and its connections. */
export class OutboxProcess {
  readonly events: OutboxEvent[] = [];
  private stopped: Promise<void> | undefined;

  private constructor(
    readonly relay: OutboxRelay,
    private readonly service: IdempotencyService,
    private readonly pool: Pool,
  ) {
    relay.on((event) => this.events.push(event));
  }

  static async open(
    database: EffectsDatabase,
    broker: OutboxBroker,
    { around = (message, publish) => publish(message), pool, ...options }: ProcessOptions = {},
  ): Promise<OutboxProcess> {
    const publish = publishWith(await broker.connect());
    const own = pool ?? poolAt(database.own.url);
    const relay = new OutboxRelay(own, {
      pollMs: 50,
      ...options,
      publish: (message) => around(message, publish),
    });
    const settings = {
      ...{ store: database.store, transactions: database.transactions, outbox: relay },
      ...{ ttlSeconds: 600, leaseMs: 30_000 },
    };
    const service = new IdempotencyService(database.store, settings, new IdempotencyEvents());
    return new OutboxProcess(relay, service, own);
  }

  /** Commits the work of a request, with these messages to `bank`, or another exchange. */
  async write(
    key: string,
    contents: readonly unknown[],
    { exchange = 'bank', routingKey = 'paid' } = {},
  ): Promise<void> {
    const work = async (context: IdempotencyContext) => {
      for (const content of contents) await context.publish(exchange, routingKey, content);
    };
    await this.service.run(key, work, { scope: 'transfer', transaction: true });
  }

  failures(): Extract<OutboxEvent, { kind: 'failed' }>[] {
    return this.events.filter((event) => event.kind === 'failed');
  }

  /** How often nothing could be published. */
  outages(): number {
    return this.events.filter(({ kind }) => kind === 'broker-unavailable').length;
  }

  /** The keys of published messages, in their order. */
  published(): string[] {
    return this.events.flatMap((event) => (event.kind === 'published' ? [event.message.idempotencyKey] : []));
  }

  stop(): Promise<void> {
    this.stopped ??= this.relay.stop().then(() => this.pool.end());
    return this.stopped;
  }
}
