import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Channel } from 'amqplib';
import { ACTIVITY } from '../../messaging/topology';
import type { Report } from './activity';

/** Publishes reports on a separate channel; the broker drops those that no console receives. */
@Injectable()
export class ActivitySender implements OnModuleInit {
  private readonly logger = new Logger(ActivitySender.name);
  private channel: Channel | undefined;
  private isFull = false;

  constructor(private readonly amqp: AmqpConnection) {}

  onModuleInit(): void {
    const wrapper = this.amqp.managedConnection.createChannel({
      name: 'activity-sender',
      confirm: false,
      setup: async (channel: Channel) => this.useChannel(channel),
    });
    wrapper.on('error', (error) => this.logger.warn(`The console receives no reports: ${error.message}`));
  }

  /** False if the report was not sent; the caller then keeps it. */
  send(report: Report): boolean {
    if (!this.channel || this.isFull) return false;
    const content = Buffer.from(JSON.stringify(report));
    try {
      this.isFull = !this.channel.publish(ACTIVITY.exchange, ACTIVITY.routingKey, content);
      return true;
    } catch {
      // The channel is just being closed.
      return false;
    }
  }

  private useChannel(channel: Channel): void {
    this.channel = channel;
    this.isFull = false;
    channel.on('drain', () => (this.isFull = false));
    channel.on('close', () => {
      if (this.channel === channel) this.channel = undefined;
    });
  }
}
