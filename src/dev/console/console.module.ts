import { Module, type DynamicModule } from '@nestjs/common';
import { MessagingModule } from '../../messaging/messaging.module';
import { ActivityLog } from './activity-log';
import { ActivityReceiver } from './activity-receiver';
import { ActivityRecorder } from './activity-recorder';
import { ActivitySender } from './activity-sender';
import { ConsoleController } from './console.controller';
import { LiveFeed } from './live-feed';
import { QueueDepths } from './queue-depths';
import { SandboxControl } from './sandbox-control';

/** The development console: each process reports what it does with payments, and a process with a page shows it. */
@Module({})
export class ConsoleModule {
  static forRoot({ withPage }: { withPage: boolean }): DynamicModule {
    return {
      module: ConsoleModule,
      imports: [MessagingModule],
      controllers: withPage ? [ConsoleController] : [],
      providers: [
        ActivitySender,
        ActivityRecorder,
        ...(withPage ? [ActivityLog, ActivityReceiver, LiveFeed, QueueDepths, SandboxControl] : []),
      ],
    };
  }
}
