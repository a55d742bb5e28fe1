import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import type { Transport } from '@nestjs/microservices';
import { IDEMPOTENT_OPTIONS, type HandlerDefaults, type IdempotentOptions } from '../idempotency.options';

/** Where the decorators of @nestjs/microservices store patterns, kind and transport of a handler. */
const PATTERN_METADATA = 'microservices:pattern';
const HANDLER_TYPE_METADATA = 'microservices:handler_type';
const TRANSPORT_METADATA = 'microservices:transport';

/** The value of {@link HANDLER_TYPE_METADATA} for `@EventPattern`. */
const EVENT_HANDLER = 2;

/** A method with `@EventPattern`, `@MessagePattern` or one of the decorators for gRPC. */
export interface PatternHandler {
  /** Class and method, for messages. */
  readonly name: string;
  readonly patterns: readonly unknown[];
  /** Undefined: it handles the messages of every transport. */
  readonly transport: Transport | symbol | undefined;
  /** With the module's defaults; undefined if it is not decorated with `@Idempotent()`. */
  readonly options: Partial<IdempotentOptions> | undefined;
}

export function isPatternHandler(method: object): boolean {
  return Reflect.hasMetadata(PATTERN_METADATA, method);
}

/** Whether no client waits for the answer of this method. */
export function isEventHandler(method: object): boolean {
  return Reflect.getMetadata(HANDLER_TYPE_METADATA, method) === EVENT_HANDLER;
}

/** All of an application, also those of controllers whose instances live as long as a request. */
export function patternHandlersIn(
  modules: ModulesContainer,
  defaults: HandlerDefaults | undefined,
): PatternHandler[] {
  const scanner = new MetadataScanner();
  const controllers = [...modules.values()].flatMap((module) => [...module.controllers.values()]);
  return controllers.flatMap(({ metatype }) => {
    if (typeof metatype !== 'function') return [];
    const prototype = metatype.prototype as Record<string, unknown>;
    return scanner.getAllMethodNames(prototype).flatMap((method) => {
      const handler = prototype[method];
      if (typeof handler !== 'function' || !isPatternHandler(handler)) return [];
      return [patternHandler(`${metatype.name}.${method}`, handler, defaults)];
    });
  });
}

function patternHandler(name: string, method: object, defaults: HandlerDefaults | undefined): PatternHandler {
  const own = Reflect.getMetadata(IDEMPOTENT_OPTIONS, method) as IdempotentOptions | undefined;
  return {
    name,
    patterns: Reflect.getMetadata(PATTERN_METADATA, method) as unknown[],
    transport: Reflect.getMetadata(TRANSPORT_METADATA, method) as Transport | symbol | undefined,
    options: own && { ...defaults, ...own },
  };
}
