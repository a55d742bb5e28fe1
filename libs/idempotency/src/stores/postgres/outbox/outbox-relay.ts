import type { Pool } from 'pg';
import type { OutboxMessage } from '../../../outbox/outbox';
import { requireConnectionTimeout } from '../database';
import { OutboxEvents, type OutboxListener } from './outbox-events';
import { PostgresOutbox, type PostgresOutboxOptions } from './postgres-outbox';
import { publishBatch, type BatchEnd } from './relay-batch';
import { RelayLane } from './relay-lane';

/** Batches at a time, each with a connection: one that waits for a confirm must not hold up what is written meanwhile. */
const LANES = 4;
/** A timer can wait for 24.8 days, and some of the relay wait for a few such times. */
const LONGEST_MS = 2 ** 28;

/** Settings of {@link OutboxRelay}. */
export interface OutboxRelayOptions extends PostgresOutboxOptions {
  /**
   * Publishes a message, and resolves when the broker has taken responsibility for it: it has confirmed it, and a queue has
   * it. `publishWith(amqpConnection)` of `nestjs-idempotent/rabbitmq` makes such a function. It may reject with
   * `BrokerUnavailableError` while nothing can be published.
   */
  readonly publish: (message: OutboxMessage) => Promise<void>;
  /** How long one publish may take, in ms; then it is tried again. Default 5,000. */
  readonly publishTimeoutMs?: number;
  /** How often to look for messages, in ms, besides after each commit of this process. Default 200. */
  readonly pollMs?: number;
}

/** How much waits in an outbox. */
export interface OutboxLag {
  readonly waiting: number;
  /** The age of the oldest message, in ms by the clock of the server; 0 if there is none. */
  readonly oldestMs: number;
}

/**
 * An outbox, and what publishes its messages. Each process may have one: they share the work, and the messages of one request
 * are published in their order all the same. Nothing is kept in a session, so a pooler such as pgbouncer may give each
 * transaction another connection.
 *
 * At least once: a process that ends between a confirm and COMMIT leaves the message to be published again, with the same
 * idempotency key. A message whose publish fails stays, and is tried again, later each time up to half a minute; meanwhile the
 * later ones of its request wait, and those of other requests do not. It is tried for ever: listen with {@link on}. While the
 * broker is not connected, all wait, for about a second at a time.
 *
 * As the module's option `outbox`, it is started and stopped with the application.
 *
 * @example
 * const relay = new OutboxRelay(pool, { publish: publishWith(amqpConnection) });
 * relay.on((event) => event.kind === 'failed' && logger.error(event.error));
 */
export class OutboxRelay extends PostgresOutbox {
  private readonly events = new OutboxEvents();
  private readonly publish: OutboxRelayOptions['publish'];
  private readonly publishTimeoutMs: number;
  private readonly pollMs: number;
  private lanes: readonly RelayLane[] = [];

  /**
   * @param pool not the one of the store: up to four batches hold a connection each while the broker confirms. Its
   *   `connectionTimeoutMillis` must be set
   * @throws Error if the pool or an option cannot be used
   */
  constructor(
    private readonly pool: Pool,
    { publish, publishTimeoutMs = 5_000, pollMs = 200, ...outbox }: OutboxRelayOptions,
  ) {
    super(outbox);
    requireConnectionTimeout(pool, 'OutboxRelay');
    if (typeof publish !== 'function')
      throw new Error('OutboxRelay: publish must be a function, such as publishWith(amqpConnection)');
    for (const [name, ms] of Object.entries({ publishTimeoutMs, pollMs }))
      if (!(Number.isSafeInteger(ms) && ms >= 1 && ms <= LONGEST_MS))
        throw new Error(`OutboxRelay: ${name} must be a whole number from 1 to ${LONGEST_MS}, not ${ms}`);
    this.publish = publish;
    this.publishTimeoutMs = publishTimeoutMs;
    this.pollMs = pollMs;
  }

  /** Subscribes to what happens to messages in this process; returns the function that ends the subscription. */
  on(listener: OutboxListener): () => void {
    return this.events.on(listener);
  }

  /** Publishes from now on, until {@link stop}. */
  start(): void {
    if (this.lanes.length > 0) return;
    const nextBatch = (isStopping: () => boolean) => this.nextBatch(isStopping);
    // Together they poll as often as one alone would.
    this.lanes = Array.from({ length: LANES }, () => new RelayLane(nextBatch, this.pollMs * LANES));
  }

  /** Resolves when the batches in flight have ended; they start no other publish. What is left is for other relays, or later. */
  async stop(): Promise<void> {
    const { lanes } = this;
    this.lanes = [];
    await Promise.all(lanes.map((lane) => lane.stop()));
  }

  /**
   * Publishes what waits, also what other processes have written, until nothing is due, a publish fails, or as much time has
   * passed as one publish may take. For the last messages of a process: after {@link stop}, before the broker's connection is
   * closed. Never rejects.
   */
  async flush(): Promise<void> {
    const startedAt = performance.now();
    let end: BatchEnd | undefined;
    do end = await this.nextBatch(() => false);
    while (end?.isFull && end.failed === 0 && performance.now() - startedAt < this.publishTimeoutMs);
  }

  /** Looks for messages now: this process has committed some. */
  wake(): void {
    const idle = this.lanes.find(({ isIdle }) => isIdle) ?? this.lanes[0];
    idle?.wake();
  }

  /** How much waits in the outbox, of all processes. For gauges: it counts every row. */
  async lag(): Promise<OutboxLag> {
    const { rows } = await this.pool.query<{ waiting: string; oldest: string | null }>(this.statements.lag);
    return { waiting: Number(rows[0]?.waiting ?? 0), oldestMs: Number(rows[0]?.oldest ?? 0) };
  }

  /** Undefined if the database failed. */
  private async nextBatch(isStopping: () => boolean): Promise<BatchEnd | undefined> {
    const { pool, statements, events, publish, publishTimeoutMs } = this;
    try {
      return await publishBatch({ pool, statements, events, publish, publishTimeoutMs, isStopping });
    } catch (error) {
      events.tell({ kind: 'database-failed', error });
      return undefined;
    }
  }
}
