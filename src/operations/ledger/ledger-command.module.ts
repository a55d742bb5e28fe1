import { getRedisConnectionToken } from '@nestjs-modules/ioredis';
import { Module } from '@nestjs/common';
import { ConfigModule } from '../../config/config.module';
import { ForgetCustomer } from '../../ledger/forget-customer';
import { LedgerDatabase } from '../../ledger/ledger-database';
import { LedgerReader } from '../../ledger/ledger-reader';
import { ReceiptAddresses } from '../../payment/receipt-addresses';
import { RedisModule } from '../../redis/redis.module';
import { untilReady } from '../../redis/until-ready';
import { Forgetting } from './forgetting';

/** Connects the commands to the ledger and to Redis. No migration runs here. */
@Module({
  imports: [ConfigModule, RedisModule],
  providers: [
    LedgerDatabase,
    LedgerReader,
    ForgetCustomer,
    ReceiptAddresses,
    {
      provide: Forgetting,
      inject: [getRedisConnectionToken(), ForgetCustomer, LedgerReader, ReceiptAddresses],
      useFactory: async (
        redis: Parameters<typeof untilReady>[0],
        ledger: ForgetCustomer,
        reader: LedgerReader,
        addresses: ReceiptAddresses,
      ) => {
        await untilReady(redis);
        return new Forgetting(ledger, reader, addresses);
      },
    },
  ],
})
export class LedgerCommandModule {}
