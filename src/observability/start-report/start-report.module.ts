import { Module } from '@nestjs/common';
import { MessagingModule } from '../../messaging/messaging.module';
import { RedisModule } from '../../redis/redis.module';
import { StartReport } from './start.report';

/** Provides `StartReport`, which `main.ts` begins. */
@Module({ imports: [MessagingModule, RedisModule], providers: [StartReport] })
export class StartReportModule {}
