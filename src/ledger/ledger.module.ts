import { Module, type DynamicModule } from '@nestjs/common';
import { LedgerDatabase } from './ledger-database';
import { LedgerMigrations } from './ledger-migrations';
import { ListController } from './list/list.controller';
import { PaymentList } from './list/payment-list';
import { PaymentLedger } from './payment-ledger';

/** The ledger, for all modules; part of the service if DATABASE_URL is set. */
@Module({})
export class LedgerModule {
  /** With `GET /payments`, or without. */
  static forRoot({ readApi }: { readApi: boolean }): DynamicModule {
    return {
      module: LedgerModule,
      global: true,
      controllers: readApi ? [ListController] : [],
      providers: [LedgerDatabase, LedgerMigrations, PaymentLedger, ...(readApi ? [PaymentList] : [])],
      exports: [LedgerDatabase, PaymentLedger],
    };
  }
}
