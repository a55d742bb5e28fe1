import type { ConfirmChannel, ConsumeMessage, Message } from 'amqplib';
import { copyOf } from '../messaging/message-copy';
import { HEADERS } from '../messaging/topology';
import type { AttemptCounts } from './attempt-counts';
import type { BrokerSteps } from './broker-steps';
import { deadLetterFrom } from './dead-letter';
import { originOf } from './origin';

export interface ReplayOptions {
  /**
   * Lets a message through that is older than the records' life, by making it as old as its replay. It may then be
   * charged a second time, if it was charged before and forgotten.
   */
  readonly force: boolean;
}

export interface ReplayTarget {
  readonly channel: ConfirmChannel;
  readonly steps: BrokerSteps;
  readonly attempts: AttemptCounts;
}

export interface Replayed {
  /** The broker has confirmed these, and a queue has taken them. */
  readonly taken: readonly ConsumeMessage[];
  /** What keeps the others from being replayed. */
  readonly problem: Error | undefined;
}

/** Sends messages through the front door again, and waits until the broker has taken responsibility for all of them. */
export async function replayed(
  messages: readonly ConsumeMessage[],
  { channel, steps, attempts }: ReplayTarget,
  options: ReplayOptions,
): Promise<Replayed> {
  const counts = await Promise.all(messages.map((message) => attempts(deadLetterFrom(message))));
  // By the queue's name, not by anything of the sender's: only on it depends whether a queue takes a message.
  const returned = new Set<string>();
  const onReturn = ({ fields }: Message) => returned.add(fields.routingKey);
  channel.on('return', onReturn);
  try {
    await steps.take('confirm a replay', () => {
      messages.forEach((message, position) => publish(channel, message, counts[position] ?? 0, options));
      return channel.waitForConfirms();
    });
  } finally {
    channel.off('return', onReturn);
  }
  const [missing] = returned;
  return {
    taken: messages.filter((message) => !returned.has(originOf(message).name)),
    problem:
      missing === undefined
        ? undefined
        : new Error(`there is no queue '${missing}'; start the service once, it declares the queue`),
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
  // Straight into the queue: what comes through the exchange of its senders has none of our headers.
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
