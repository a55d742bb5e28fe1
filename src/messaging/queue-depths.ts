import type { ChannelModel } from 'amqplib';
import { messageOf } from '../text/message-of';

export interface QueueDepth {
  readonly queue: string;
  readonly ready: number;
  readonly consumers: number;
}

/** The depths that could be read, and why the others could not. */
export interface QueueDepths {
  readonly depths: readonly QueueDepth[];
  readonly error?: Error;
}

/**
 * Asks the broker how much waits in each queue, on a channel of its own: a missing queue closes it, so the queues behind a
 * missing one are not read. Never rejects. May never resolve if the broker does not answer.
 */
export async function readQueueDepths(
  connection: Pick<ChannelModel, 'createChannel'>,
  queues: readonly string[],
): Promise<QueueDepths> {
  const depths: QueueDepth[] = [];
  try {
    const channel = await connection.createChannel();
    // The error also rejects the pending call.
    channel.on('error', () => undefined);
    for (const queue of queues) {
      const { messageCount, consumerCount } = await channel.checkQueue(queue);
      depths.push({ queue, ready: messageCount, consumers: consumerCount });
    }
    // Not awaited: if the connection dies meanwhile, the client never answers.
    channel.close().catch(() => undefined);
    return { depths };
  } catch (error) {
    return { depths, error: error instanceof Error ? error : new Error(messageOf(error)) };
  }
}
