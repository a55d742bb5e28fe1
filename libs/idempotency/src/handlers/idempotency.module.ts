import { EngineOptions } from '../engine/engine.options';
import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { HandlerCheck } from './handler-check';
import { IdempotencyEvents } from '../engine/idempotency.events';
import { ConfigurableModuleClass } from './idempotency.module-definition';
import type { IdempotencyModuleOptions } from './module-options';
import { checkModuleOptions } from './option-checks';
import { OpenApiDescriptions } from './openapi';
import { OutboxLifecycle } from './outbox-lifecycle';
import { IdempotencyService } from '../engine/idempotency.service';
import { IdempotencyStore } from '../stores/idempotency-store';

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
    OpenApiDescriptions,
    OutboxLifecycle,
    {
      provide: IdempotencyStore,
      inject: [EngineOptions],
      useFactory: (options: IdempotencyModuleOptions) => {
        checkModuleOptions(options);
        return options.store;
      },
    },
    IdempotencyEvents,
    IdempotencyService,
  ],
  // The options too: the interceptor lives in the modules of the handlers.
  exports: [IdempotencyService, IdempotencyEvents, EngineOptions],
})
export class IdempotencyModule extends ConfigurableModuleClass {}
