import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Channel } from 'amqplib';
import { ACTIVITY } from '../messaging/topology';
import type { Report } from './activity';
import { ActivityLog } from './activity-log';

/** A console that stops reading must not fill the broker's memory. */
const LONGEST_QUEUE = 1_000;

/** Hears the reports of all processes, its own among them, through a queue that lives as long as its connection. */
@Injectable()
export class ActivityReceiver implements OnModuleInit {
  private readonly logger = new Logger(ActivityReceiver.name);

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
    wrapper.on('error', (error) => this.logger.warn(`The console hears nothing: ${error.message}`));
  }

  private async listen(channel: Channel): Promise<void> {
    const { queue } = await channel.assertQueue('', {
      exclusive: true,
      autoDelete: true,
      maxLength: LONGEST_QUEUE,
    });
    await channel.bindQueue(queue, ACTIVITY.exchange, ACTIVITY.routingKey);
    await channel.consume(
      queue,
      (message) => {
        const report = message ? reportIn(message.content) : undefined;
        if (report) this.log.add(report);
      },
      { noAck: true },
    );
  }
}

/** Undefined for what is none: anybody may publish to the broker's own exchange. */
function reportIn(content: Buffer): Report | undefined {
  try {
    const value: unknown = JSON.parse(content.toString());
    return isReport(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isReport(value: unknown): value is Report {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'process' in value &&
    typeof value.process === 'string' &&
    'counts' in value &&
    typeof value.counts === 'object' &&
    value.counts !== null &&
    'happenings' in value &&
    Array.isArray(value.happenings)
  );
}
