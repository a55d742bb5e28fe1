import { Inject, Injectable, type OnModuleInit, type Type } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, ModuleRef, ModulesContainer } from '@nestjs/core';
import { MODULE_OPTIONS_TOKEN } from './idempotency.module-definition';
import {
  IDEMPOTENT_OPTIONS,
  checkOptions,
  checkTogether,
  isKeyReader,
  type IdempotencyModuleOptions,
  type IdempotentOptions,
} from './idempotency.options';

interface DecoratedHandler {
  readonly name: string;
  readonly options: IdempotentOptions;
  /** Whether it has `@EventPattern` or `@MessagePattern`. */
  readonly takesPatterns: boolean;
}

/** Metadata key under which @nestjs/microservices stores the patterns of a handler. */
const PATTERN_METADATA = 'microservices:pattern';

/** Fails the start of the application if a decorated handler cannot work; the error names the handler. */
@Injectable()
export class HandlerCheck implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly modules: ModuleRef,
    private readonly container: ModulesContainer,
    @Inject(MODULE_OPTIONS_TOKEN) private readonly moduleOptions: IdempotencyModuleOptions,
  ) {}

  onModuleInit(): void {
    const handlers = this.decoratedHandlers();
    for (const { name, options } of handlers) {
      checkOptions(options, name);
      checkTogether(options, name);
      this.requireProvider(
        isKeyReader(options.key) ? options.key : undefined,
        `@Idempotent() on ${name}: key`,
      );
      this.requireProvider(options.payload, `@Idempotent() on ${name}: payload`);
      this.requireProvider(options.attempts, `@Idempotent() on ${name}: attempts`);
      this.requireProvider(options.onFailure, `@Idempotent() on ${name}: onFailure`);
    }
    const byPattern = handlers.find(({ takesPatterns }) => takesPatterns);
    if (byPattern) this.requireManualAcknowledgement(byPattern.name);
  }

  private decoratedHandlers(): DecoratedHandler[] {
    const wrappers = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    return wrappers.flatMap(({ instance, metatype }) => {
      if (typeof instance !== 'object' || instance === null || !metatype) return [];
      const prototype = Object.getPrototypeOf(instance) as Record<string, unknown> | null;
      return this.scanner.getAllMethodNames(prototype).flatMap((method) => {
        const handler = prototype?.[method];
        if (typeof handler !== 'function') return [];
        const own = Reflect.getMetadata(IDEMPOTENT_OPTIONS, handler) as IdempotentOptions | undefined;
        if (!own) return [];
        const options = { ...this.moduleOptions.handlers, ...own };
        const takesPatterns = Reflect.hasMetadata(PATTERN_METADATA, handler);
        return [{ name: `${metatype.name}.${method}`, options, takesPatterns }];
      });
    });
  }

  private requireProvider(type: Type | undefined, option: string): void {
    if (!type) return;
    try {
      this.modules.get<unknown>(type, { strict: false });
    } catch (cause) {
      throw new Error(`${option} names ${type.name}, which no module provides; add it to the providers`, {
        cause,
      });
    }
  }

  /** With `noAck: true`, the default of @nestjs/microservices, the broker drops a message before its record is stored. */
  private requireManualAcknowledgement(handler: string): void {
    const servers: unknown[] = [];
    this.container
      .getRpcTargetRegistry<unknown>()
      .subscribe((server) => servers.push(server))
      .unsubscribe();
    for (const server of servers) {
      if (typeof server === 'object' && server !== null && 'noAck' in server && server.noAck !== false) {
        throw new Error(
          `@Idempotent() on ${handler} needs 'noAck: false' in the options of the RabbitMQ microservice: otherwise a ` +
            'message is lost when its handler fails or its process dies',
        );
      }
    }
  }
}
