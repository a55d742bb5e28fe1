import { Inject, Injectable, type OnModuleInit, type Type } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, ModuleRef, ModulesContainer } from '@nestjs/core';
import { EngineOptions } from '../engine/engine.options';
import { kindsOf } from './handler-kinds';
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
  readonly method: object;
  readonly options: IdempotentOptions;
}

/** Kinds of handlers that have to be registered, by the metadata that their own decorators leave. */
const KINDS_TO_REGISTER = [
  { metadata: 'RABBIT_HANDLER', decorator: '@golevelup/nestjs-rabbitmq', kind: 'rabbitmq' },
  { metadata: 'microservices:pattern', decorator: '@nestjs/microservices', kind: 'microservices' },
];

/** Fails the start of the application if a decorated handler cannot work; the error names the handler. */
@Injectable()
export class HandlerCheck implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly modules: ModuleRef,
    private readonly container: ModulesContainer,
    @Inject(EngineOptions) private readonly moduleOptions: IdempotencyModuleOptions,
  ) {
    for (const kind of kindsOf(moduleOptions)) kind.attach?.(container, moduleOptions.defaults);
  }

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
    for (const handler of handlers) this.checkKind(handler);
  }

  private checkKind({ name, method }: DecoratedHandler): void {
    const kinds = kindsOf(this.moduleOptions).filter((kind) => kind.isHandler(method));
    for (const kind of kinds) kind.check?.(name, this.container);
    if (kinds.length > 0) return;
    const keys: unknown[] = Reflect.getMetadataKeys(method);
    const names = keys.map((key) => (typeof key === 'symbol' ? key.description : key));
    const missing = KINDS_TO_REGISTER.find(({ metadata }) => names.includes(metadata));
    if (!missing) return;
    const { decorator, kind } = missing;
    throw new Error(
      `@Idempotent() on ${name}: register handlers of ${decorator} with IdempotencyModule.forRoot({ ..., ` +
        `handlers: [${kind}()] }), import { ${kind} } from 'nestjs-idempotent/${kind}'`,
    );
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
        const options = { ...this.moduleOptions.defaults, ...own };
        return [{ name: `${metatype.name}.${method}`, method: handler, options }];
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
}
