import type { RabbitMQExchangeConfig, RabbitMQQueueConfig } from '@golevelup/nestjs-rabbitmq';
import type { Options } from 'amqplib';
import type { Environment } from '../config/environment';

/** All names on the broker are built here. */
export const PAYMENTS_EXCHANGE = 'payments';
/** Events of payments. Only the service may write to it: a publisher of requests must not be able to claim a success. */
export const EVENTS_EXCHANGE = 'payments.events';
export const PAYMENT_REQUESTED = 'payment.requested';
export const PAYMENT_SUCCEEDED = 'payment.succeeded';
export const PAYMENT_FAILED = 'payment.failed';
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
/** All work queues; without receipts their queue is not declared, see {@link workQueues}. */
export const WORK_QUEUES: readonly WorkQueue[] = [CHARGES, RECEIPTS];

/** The settings that the topology depends on. */
export type TopologySettings = Pick<Environment, 'idempotencyLeaseMs' | 'smtpUrl'>;

/** The queues that this service consumes: with receipts switched off, their queue would have no consumer. */
export function workQueues({ smtpUrl }: Pick<TopologySettings, 'smtpUrl'>): readonly WorkQueue[] {
  return smtpUrl === '' ? [CHARGES] : WORK_QUEUES;
}

export const retryQueue = ({ name }: WorkQueue, delayMs: number | ''): string => `${name}.retry.${delayMs}`;

/** The work queue with this routing key or name: a delayed copy comes back under its queue's name. */
export function workQueueBehind(routingKey: unknown): WorkQueue | undefined {
  return WORK_QUEUES.find((queue) => routingKey === queue.routingKey || routingKey === queue.name);
}

/** A binding of earlier versions: events came through the exchange that publishers of requests may write to. */
export const OLD_BINDING = {
  queue: RECEIPTS.name,
  exchange: PAYMENTS_EXCHANGE,
  routingKey: PAYMENT_SUCCEEDED,
} as const;

/** Most important first: a copy without room for all of them keeps the first ones. */
export const HEADERS = {
  idempotencyKey: 'idempotency-key',
  deadLetterReason: 'x-dead-letter-reason',
  deadLetterDetail: 'x-dead-letter-detail',
  deadLetteredAt: 'x-dead-lettered-at',
  /** The routing key for a replay of the dead letter. */
  originalRoutingKey: 'x-original-routing-key',
  /** The broker user who published the message; the user of a copy is the service. */
  publisher: 'x-publisher',
  attempts: 'x-attempts',
  /** Attempts made before an operator replayed the message; they no longer count against its limit. */
  attemptsBeforeReplay: 'x-attempts-before-replay',
  /** When a copy was first delayed. Kept only while it is delayed again. */
  waitingSince: 'x-waiting-since',
  /** When a message that an operator replayed by force was first published; its `timestamp` is that of the replay. */
  originalTimestamp: 'x-original-timestamp',
  /** The names of what the sender set and a copy could not keep. */
  dropped: 'x-dropped',
} as const;

/** Identifies our own publishes on a channel: values that senders choose, such as message ids, may not be unique. */
export const PUBLISH_ID = 'x-publish-id';

/**
 * Where development processes publish what they do with payments, for the console; it is not stored. A built-in exchange of
 * the broker, because it always exists: publishing to a missing exchange closes the channel.
 */
export const ACTIVITY = { exchange: 'amq.topic', routingKey: 'payment-consumer.activity' } as const;

/** The channel for consuming: a failed publish closes its channel, which must not close the consumer. */
export const CONSUMER_CHANNEL = 'consumer';

/**
 * How often a message may come back unacknowledged before the broker moves it to the dead letters, so that a message that
 * kills its consumers is not redelivered forever. Set explicitly, because older versions than RabbitMQ 4 have no default.
 */
const DELIVERY_LIMIT = 20;

/**
 * Reading dead letters counts as delivering them. RabbitMQ 4 drops messages after 20 deliveries by default, a queue without
 * a limit would move read messages to its end, and older versions do not accept -1. So: a limit that is never reached.
 */
const NO_DELIVERY_LIMIT = 1_000_000_000;

/**
 * How long a message whose key is in progress waits at its handler for the result of the other process. Most work takes
 * less; if not, the message is delayed. If the lease ends soon after the message comes back, it waits in the same way.
 */
export const IN_PROGRESS_WAIT_MS = 2_000;

/** Delays, apart from that of the lease; one queue each, because a queue only expires messages at its head. */
const RETRY_DELAYS_MS = [250, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000];

/**
 * All delays, ascending. One of them is the lease, less the wait at the handler: so a payment whose owner died right after
 * it had taken or renewed its lease continues when the lease ends. Other delays are rounded up to the next one.
 */
export function retryDelaysMs(leaseMs: number): readonly number[] {
  const delayedLeaseMs = waitBeforeHandlerMs(leaseMs);
  return [...new Set([...RETRY_DELAYS_MS, ...(delayedLeaseMs > 0 ? [delayedLeaseMs] : [])])].sort(
    (a, b) => a - b,
  );
}

/** How long to delay a message whose key is in progress. */
export function waitBeforeHandlerMs(remainingMs: number): number {
  return Math.max(0, remainingMs - IN_PROGRESS_WAIT_MS);
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
  // Fanout: a message that the broker itself dead-letters keeps its routing key, which may be any.
  { name: DEAD_LETTER, type: 'fanout', options: { durable: true } },
];

/** All queues, whatever the roles of the process: events must wait in their queue until it has a consumer. */
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
