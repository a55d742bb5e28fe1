import type { ConfirmChannel, ConsumeMessage, Message } from 'amqplib';
import { copyOf } from '../../messaging/message-copy';
import { HEADERS } from '../../messaging/topology';
import type { AttemptCounts } from './attempt-counts';
import type { BrokerSteps } from './broker-steps';
import { deadLetterFrom } from './dead-letter';
import { originOf } from './origin';

export interface ReplayOptions {
  /**
   * Also replays a message outside the deduplication window, by giving it a new timestamp. If it was charged and its
   * record has expired, it may be charged a second time.
   */
  readonly force: boolean;
}

export interface ReplayTarget {
  readonly channel: ConfirmChannel;
  readonly steps: BrokerSteps;
  readonly attempts: AttemptCounts;
}

export interface ReplayResult {
  /** The broker has confirmed these and put them into a queue. */
  readonly accepted: readonly ConsumeMessage[];
  /** Why the others were not replayed. */
  readonly problem: Error | undefined;
}

/** Publishes messages to their queues again, and waits for the publisher confirms of all. */
export async function replayMessages(
  messages: readonly ConsumeMessage[],
  { channel, steps, attempts }: ReplayTarget,
  options: ReplayOptions,
): Promise<ReplayResult> {
  const counts = await Promise.all(messages.map((message) => attempts(deadLetterFrom(message))));
  // Compared by queue name, because only a missing queue makes the broker return a message.
  const returned = new Set<string>();
  const onReturn = ({ fields }: Message) => returned.add(fields.routingKey);
  channel.on('return', onReturn);
  try {
    await steps.run('confirm a replay', () => {
      messages.forEach((message, position) => publish(channel, message, counts[position] ?? 0, options));
      return channel.waitForConfirms();
    });
  } finally {
    channel.off('return', onReturn);
  }
  const [missing] = returned;
  return {
    accepted: messages.filter((message) => !returned.has(originOf(message).name)),
    problem:
      missing === undefined
        ? undefined
        : new Error(`the queue '${missing}' does not exist; start the service once, it declares the queue`),
  };
}

function publish(
  channel: ConfirmChannel,
  message: ConsumeMessage,
  attempts: number,
  { force }: ReplayOptions,
): void {
  const { properties: kept } = copyOf(message);
  const firstPublished = kept.headers[HEADERS.originalTimestamp] ?? kept.timestamp;
  // Directly into the queue: the service ignores our headers on messages from the publishers' exchange.
  channel.publish('', originOf(message).name, message.content, {
    ...kept,
    persistent: true,
    mandatory: true,
    timestamp: force ? Math.floor(Date.now() / 1000) : kept.timestamp,
    headers: {
      ...kept.headers,
      [HEADERS.attemptsBeforeReplay]: attempts,
      ...(force && firstPublished !== undefined && { [HEADERS.originalTimestamp]: firstPublished }),
    },
  });
}
