import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { HandlerCheck } from './handler-check';
import { IdempotencyEvents } from './idempotency.events';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } from './idempotency.module-definition';
import type { IdempotencyModuleOptions } from './idempotency.options';
import { IdempotencyService } from './idempotency.service';
import { IdempotencyStore } from './store/idempotency-store';

/**
 * Makes `@Idempotent()` and {@link IdempotencyService} available. Register once, with `forRoot` or `forRootAsync`:
 *
 * @example
 * IdempotencyModule.forRoot({ store: new RedisIdempotencyStore(redis), ttlSeconds: 86_400, leaseMs: 30_000 })
 */
@Module({
  imports: [DiscoveryModule],
  providers: [
    HandlerCheck,
    {
      provide: IdempotencyStore,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (options: IdempotencyModuleOptions) => options.store,
    },
    IdempotencyEvents,
    IdempotencyService,
  ],
  // The options too: the interceptor lives in the modules of the handlers.
  exports: [IdempotencyService, IdempotencyEvents, MODULE_OPTIONS_TOKEN],
})
export class IdempotencyModule extends ConfigurableModuleClass {}
