import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { HandlerCheck } from './handler-check';
import { IdempotencyEvents } from './idempotency.events';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } from './idempotency.module-definition';
import type { IdempotencyModuleOptions } from './idempotency.options';
import { IdempotencyService } from './idempotency.service';
import { IdempotencyStore } from './store/idempotency-store';

/**
 * Makes `@Idempotent()` and {@link IdempotencyService} available in all modules. Import it once, with `forRoot` or
 * `forRootAsync`; see {@link IdempotencyModuleOptions}.
 *
 * @example
 * IdempotencyModule.forRoot({ store: new RedisIdempotencyStore(redis), ttlSeconds: 86_400, leaseMs: 30_000 })
 *
 * @throws Error at the start, naming every invalid setting, or the handler that cannot work
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
  // The options too, because Nest creates the interceptor in the modules of the handlers.
  exports: [IdempotencyService, IdempotencyEvents, MODULE_OPTIONS_TOKEN],
})
export class IdempotencyModule extends ConfigurableModuleClass {}
