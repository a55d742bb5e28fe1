import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Channel } from 'amqplib';
import { ACTIVITY } from '../messaging/topology';
import type { Report } from './activity';

/** Sends reports to whoever listens on the broker, on a channel of its own; what nobody takes is gone. */
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
      setup: async (channel: Channel) => this.adopt(channel),
    });
    wrapper.on('error', (error) => this.logger.warn(`The console hears nothing: ${error.message}`));
  }

  /** Whether it went out; otherwise the caller keeps it. */
  send(report: Report): boolean {
    if (!this.channel || this.isFull) return false;
    const content = Buffer.from(JSON.stringify(report));
    try {
      this.isFull = !this.channel.publish(ACTIVITY.exchange, ACTIVITY.routingKey, content);
      return true;
    } catch {
      // It is just being closed, which it says by throwing.
      return false;
    }
  }

  private adopt(channel: Channel): void {
    this.channel = channel;
    this.isFull = false;
    channel.on('drain', () => (this.isFull = false));
    channel.on('close', () => {
      if (this.channel === channel) this.channel = undefined;
    });
  }
}
