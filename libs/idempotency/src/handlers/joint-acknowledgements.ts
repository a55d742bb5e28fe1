import { Logger } from '@nestjs/common';
import type { Channel, Message } from 'amqplib';
import { messageOf } from '../engine/failure';
import { SettledTags } from './settled-tags';

const logger = new Logger('Idempotent');

const channels = new WeakSet<Channel>();

/**
 * Lets a channel acknowledge together: acknowledgements of one turn of the event loop go out as one frame (`basic.ack` with
 * `multiple`), as far as every delivery before them is settled. Behind a delivery that is not, each has its own frame. So
 * no message is acknowledged that was not settled itself, in whatever order handlers end.
 *
 * Replaces the methods of this channel that settle messages, and `close()`. Call it on a new channel, before it consumes;
 * a second call has no effect. What is due is sent before the channel closes: close it, not only its connection. If it
 * closes otherwise, RabbitMQ redelivers what was not sent, and the log has one line. `ack()` on a closed channel throws, as
 * always.
 *
 * Deliveries without acknowledgement (`noAck`) on the same channel, `ackAll()`, `nackAll()` and `recover()` leave gaps that
 * never close: from then on the channel acknowledges singly, as any other.
 *
 * @example
 * const channel = await connection.createChannel();
 * acknowledgeTogether(channel);
 * await channel.consume('orders', (message) => void handle(message).then(() => channel.ack(message)));
 */
export function acknowledgeTogether(channel: Channel): void {
  if (channels.has(channel)) return;
  channels.add(channel);
  new JointAcknowledgements(channel);
}

class JointAcknowledgements {
  private readonly plain: Pick<
    Channel,
    'ack' | 'ackAll' | 'nack' | 'nackAll' | 'reject' | 'recover' | 'close'
  >;
  private readonly settled = new SettledTags();
  private due: Message[] = [];
  private isOpen = true;

  constructor(channel: Channel) {
    this.plain = {
      ack: channel.ack.bind(channel),
      ackAll: channel.ackAll.bind(channel),
      nack: channel.nack.bind(channel),
      nackAll: channel.nackAll.bind(channel),
      reject: channel.reject.bind(channel),
      recover: channel.recover.bind(channel),
      close: channel.close.bind(channel),
    };
    this.replaceMethods(channel);
    channel.on('close', () => {
      this.isOpen = false;
      if (this.due.length > 0) this.drop('the channel closed');
    });
  }

  /** Every frame but that of a single acknowledgement leaves after what was due before it. */
  private replaceMethods(channel: Channel): void {
    channel.ack = (message, allUpTo) => {
      if (!allUpTo) return this.acknowledge(message);
      this.flush();
      this.plain.ack(message, true);
      this.settled.addUpTo(message.fields.deliveryTag);
    };
    channel.nack = (message, allUpTo, requeue) => {
      this.flush();
      this.plain.nack(message, allUpTo, requeue);
      if (allUpTo) this.settled.addUpTo(message.fields.deliveryTag);
      else this.settle(message);
    };
    channel.reject = (message, requeue) => {
      this.flush();
      this.plain.reject(message, requeue);
      this.settle(message);
    };
    channel.ackAll = () => {
      this.flush();
      this.plain.ackAll();
    };
    channel.nackAll = (requeue) => {
      this.flush();
      this.plain.nackAll(requeue);
    };
    channel.recover = () => {
      this.flush();
      return this.plain.recover();
    };
    channel.close = () => {
      this.flush();
      this.isOpen = false;
      return this.plain.close();
    };
  }

  private acknowledge(message: Message): void {
    // A closed channel throws, and a message that was settled before closes the channel: both as without this class.
    if (!this.isOpen || !this.settle(message)) return this.plain.ack(message);
    if (this.due.push(message) === 1) setImmediate(() => this.flush());
  }

  /** Whether it was unsettled. */
  private settle({ fields: { deliveryTag } }: Message): boolean {
    if (!(deliveryTag > this.settled.upTo)) return false;
    this.settled.add(deliveryTag);
    return true;
  }

  /** Never throws: outside of a handler nothing would catch it. */
  private flush(): void {
    if (this.due.length === 0) return;
    try {
      this.send();
    } catch (error) {
      this.drop(messageOf(error));
    }
    this.due = [];
  }

  /** RabbitMQ closes a channel that names an unknown tag, so the named message is always one that is due. */
  private send(): void {
    const { upTo } = this.settled;
    let last: Message | undefined;
    let run = 0;
    for (const message of this.due) {
      const { deliveryTag } = message.fields;
      if (deliveryTag > upTo) this.plain.ack(message);
      else {
        run++;
        if (deliveryTag > (last?.fields.deliveryTag ?? 0)) last = message;
      }
    }
    if (last) this.plain.ack(last, run > 1);
  }

  private drop(reason: string): void {
    logger.warn(
      `${this.due.length} acknowledgements were not sent, RabbitMQ redelivers their messages: ${reason}`,
    );
    this.due = [];
  }
}
