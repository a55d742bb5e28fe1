import type { RabbitMQExchangeConfig, RabbitMQQueueConfig } from '@golevelup/nestjs-rabbitmq';
import type { Options } from 'amqplib';
import type { Environment } from '../config/environment';

/** Every name on the broker, built here and nowhere else. */
export const PAYMENTS_EXCHANGE = 'payments';
/** What happened to payments. Only the service writes to it: who may publish requests may not say that one succeeded. */
export const EVENTS_EXCHANGE = 'payments.events';
export const PAYMENT_REQUESTED = 'payment.requested';
export const PAYMENT_SUCCEEDED = 'payment.succeeded';
export const DEAD_LETTER = 'payments.dead-letter';

/** A queue that a consumer works on. Each has retry queues of its own; the dead letters are shared. */
export interface WorkQueue {
  readonly name: string;
  readonly exchange: string;
  readonly routingKey: string;
}

export const CHARGES: WorkQueue = {
  name: 'payments.charge',
  exchange: PAYMENTS_EXCHANGE,
  routingKey: PAYMENT_REQUESTED,
};
export const RECEIPTS: WorkQueue = {
  name: 'notifications.receipt',
  exchange: EVENTS_EXCHANGE,
  routingKey: PAYMENT_SUCCEEDED,
};
/** All that there can be; without receipts their queue is not declared, see {@link workQueues}. */
export const WORK_QUEUES: readonly WorkQueue[] = [CHARGES, RECEIPTS];

/** The settings that the topology depends on. */
export type TopologySettings = Pick<Environment, 'idempotencyLeaseMs' | 'smtpUrl'>;

/** The queues that this service works on: with receipts switched off nothing would ever take their events. */
export function workQueues({ smtpUrl }: Pick<TopologySettings, 'smtpUrl'>): readonly WorkQueue[] {
  return smtpUrl === '' ? [CHARGES] : WORK_QUEUES;
}

export const retryQueue = ({ name }: WorkQueue, delayMs: number | ''): string => `${name}.retry.${delayMs}`;

/** The work queue that takes this routing key, or has this name: what has waited comes back under its queue's name. */
export function workQueueBehind(routingKey: unknown): WorkQueue | undefined {
  return WORK_QUEUES.find((queue) => routingKey === queue.routingKey || routingKey === queue.name);
}

/** A binding of earlier versions: events came through the exchange that all who publish requests may write to. */
export const OLD_BINDING = {
  queue: RECEIPTS.name,
  exchange: PAYMENTS_EXCHANGE,
  routingKey: PAYMENT_SUCCEEDED,
} as const;

/** In the order in which a copy that has no room for all of them keeps them. */
export const HEADERS = {
  idempotencyKey: 'idempotency-key',
  deadLetterReason: 'x-dead-letter-reason',
  deadLetterDetail: 'x-dead-letter-detail',
  deadLetteredAt: 'x-dead-lettered-at',
  /** Where a replay of the dead letter has to go. */
  originalRoutingKey: 'x-original-routing-key',
  /** The broker user who published the message; a copy's own is the service. */
  publisher: 'x-publisher',
  attempts: 'x-attempts',
  /** Attempts made before a person replayed the message; they no longer count against its limit. */
  attemptsBeforeReplay: 'x-attempts-before-replay',
  /** When a copy was first delayed; it has waited here since then. Kept while it is delayed again, and only then. */
  waitingSince: 'x-waiting-since',
  /** When a message that a person forced through was first published; its `timestamp` is that of the replay. */
  originalTimestamp: 'x-original-timestamp',
  /** The names of what its sender set and a copy of a message could not keep. */
  dropped: 'x-dropped',
} as const;

/** Tells our own publishes apart on a channel: what senders choose, such as message ids, may be the same for many. */
export const PUBLISH_ID = 'x-publish-id';

/**
 * Where development processes tell each other what they do with payments: nobody keeps it. The broker's own exchange,
 * because it is always there: publishing to one that is not closes the channel.
 */
export const ACTIVITY = { exchange: 'amq.topic', routingKey: 'payment-consumer.activity' } as const;

/** The channel that consumes: a channel that is closed for a failed publish must not take the consumer along. */
export const CONSUMER_CHANNEL = 'consumer';

/**
 * How often a message may come back unacknowledged before the broker moves it to the dead letters: what bounds a
 * message that kills its consumers. Set explicitly, because RabbitMQ 4 has a default and older versions have none.
 */
const DELIVERY_LIMIT = 20;

/**
 * Reading dead letters counts as delivering them. RabbitMQ 4 drops after 20 deliveries by default, and a queue without
 * a limit would put what was read at its end; older versions take no -1. So: a limit that is never reached.
 */
const NO_DELIVERY_LIMIT = 1_000_000_000;

/**
 * How long a message whose key is busy waits at its handler for the other process's answer. Most work takes less; when
 * it does not, the message is delayed, and a lease that ends soon after it comes back is waited for in the same way.
 */
export const IN_PROGRESS_WAIT_MS = 2_000;

/** Waiting times without the lease's own; one queue each, because a queue only expires messages at its head. */
const RETRY_DELAYS_MS = [250, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000];

/**
 * All waiting times, ascending. The lease, less what is waited for at the handler, is one of them: a payment whose owner
 * died right after it had taken or renewed its lease goes on when that ends; for others the next longer time is used.
 */
export function retryDelaysMs(leaseMs: number): readonly number[] {
  const delayedLeaseMs = waitBeforeHandlerMs(leaseMs);
  return [...new Set([...RETRY_DELAYS_MS, ...(delayedLeaseMs > 0 ? [delayedLeaseMs] : [])])].sort(
    (a, b) => a - b,
  );
}

/** How long to delay a message whose key is busy for so long. */
export function waitBeforeHandlerMs(busyMs: number): number {
  return Math.max(0, busyMs - IN_PROGRESS_WAIT_MS);
}

/** Dead-lettering that waits for the target queue's confirm; RabbitMQ wants `reject-publish` with it. */
const AT_LEAST_ONCE = { 'x-dead-letter-strategy': 'at-least-once', 'x-overflow': 'reject-publish' };

export const WORK_QUEUE_OPTIONS = {
  durable: true,
  arguments: {
    'x-queue-type': 'quorum',
    'x-delivery-limit': DELIVERY_LIMIT,
    'x-dead-letter-exchange': DEAD_LETTER,
    ...AT_LEAST_ONCE,
  },
} satisfies Options.AssertQueue;

export const EXCHANGES: RabbitMQExchangeConfig[] = [
  { name: PAYMENTS_EXCHANGE, type: 'topic', options: { durable: true } },
  { name: EVENTS_EXCHANGE, type: 'topic', options: { durable: true } },
  // Fanout: a message that the broker itself dead-letters keeps its routing key, whatever that was.
  { name: DEAD_LETTER, type: 'fanout', options: { durable: true } },
];

/** All of them, whatever the roles of the process: an event for whose queue nobody works yet has to wait there. */
export function queues(settings: TopologySettings): RabbitMQQueueConfig[] {
  return [
    {
      name: DEAD_LETTER,
      exchange: DEAD_LETTER,
      routingKey: '',
      options: {
        durable: true,
        arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': NO_DELIVERY_LIMIT },
      },
    },
    ...workQueues(settings).flatMap((queue) => [
      {
        name: queue.name,
        exchange: queue.exchange,
        routingKey: queue.routingKey,
        options: WORK_QUEUE_OPTIONS,
      },
      ...retryDelaysMs(settings.idempotencyLeaseMs).map((delayMs) => retryQueueConfig(queue, delayMs)),
    ]),
  ];
}

function retryQueueConfig(queue: WorkQueue, delayMs: number): RabbitMQQueueConfig {
  return {
    name: retryQueue(queue, delayMs),
    options: {
      durable: true,
      arguments: {
        'x-queue-type': 'quorum',
        'x-message-ttl': delayMs,
        'x-dead-letter-exchange': '',
        'x-dead-letter-routing-key': queue.name,
        ...AT_LEAST_ONCE,
      },
    },
  };
}
