import { ConfigurableModuleBuilder } from '@nestjs/common';
import { EngineOptions } from '../engine/engine.options';
import type { IdempotencyModuleOptions } from './module-options';

export const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<IdempotencyModuleOptions>({
  optionsInjectionToken: EngineOptions,
})
  .setClassMethodName('forRoot')
  // Handlers live in feature modules, and each of them needs the interceptor's dependencies.
  .setExtras({ isGlobal: true }, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
  .build();
