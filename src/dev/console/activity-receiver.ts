import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Channel } from 'amqplib';
import { ACTIVITY } from '../../messaging/topology';
import { ActivityLog } from './activity-log';
import { readReport } from './report-format';

/** A console that stops reading must not fill the broker's memory. */
const LONGEST_QUEUE = 1_000;
const LARGEST_QUEUE_BYTES = 8 * 1024 * 1024;
/** A client that floods the exchange must not also flood the log. */
const LOG_EVERY_MS = 60_000;

/** Receives the reports of all processes, including its own, through a queue that lives as long as its connection. */
@Injectable()
export class ActivityReceiver implements OnModuleInit {
  private readonly logger = new Logger(ActivityReceiver.name);
  private dropped = 0;
  private loggedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly amqp: AmqpConnection,
    private readonly log: ActivityLog,
  ) {}

  onModuleInit(): void {
    const wrapper = this.amqp.managedConnection.createChannel({
      name: 'activity-receiver',
      confirm: false,
      setup: (channel: Channel) => this.listen(channel),
    });
    wrapper.on('error', (error) => this.logger.warn(`The console receives no reports: ${error.message}`));
  }

  private async listen(channel: Channel): Promise<void> {
    const { queue } = await channel.assertQueue('', {
      exclusive: true,
      autoDelete: true,
      maxLength: LONGEST_QUEUE,
      arguments: { 'x-max-length-bytes': LARGEST_QUEUE_BYTES },
    });
    await channel.bindQueue(queue, ACTIVITY.exchange, ACTIVITY.routingKey);
    await channel.consume(
      queue,
      (message) => {
        if (message) this.receive(message.content);
      },
      { noAck: true },
    );
  }

  /** Other clients may publish to the broker's own exchange: invalid reports are dropped, and their time is not used. */
  private receive(content: Buffer): void {
    const report = readReport(content);
    if (report) this.log.add({ ...report, at: Date.now() });
    else this.drop();
  }

  private drop(): void {
    this.dropped++;
    const now = performance.now();
    if (now - this.loggedAt < LOG_EVERY_MS) return;
    this.loggedAt = now;
    this.logger.warn(
      { exchange: ACTIVITY.exchange, routingKey: ACTIVITY.routingKey, dropped: this.dropped },
      'A message that is not a valid report was published to the exchange of the console; it is dropped',
    );
    this.dropped = 0;
  }
}
