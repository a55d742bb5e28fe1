import { Inject, Injectable, type OnModuleInit, type Type } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, ModuleRef, ModulesContainer } from '@nestjs/core';
import { EngineOptions } from '../engine/engine.options';
import { announceIfDisabled } from './disabled';
import type { CheckedHandler } from './handler-kind';
import { kindsOf } from './handler-kinds';
import { IdempotencyInterceptor } from './idempotency.interceptor';
import { IDEMPOTENT_OPTIONS, isKeyReader, scopeOf, type IdempotentOptions } from './idempotency.options';
import type { IdempotencyModuleOptions } from './module-options';
import { missedRoutes } from './idempotent.decorator';
import { FILTERS_METADATA, INTERCEPTORS_METADATA } from './nestjs-metadata';
import { ReplayEndFilter } from './replay-end.filter';
import { checkOptions, checkTogether } from './option-checks';
import { unprotected } from './unprotected';

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
    // NestJS reads the order when it registers the routes, which is before onModuleInit.
    for (const { method } of this.decoratedHandlers()) standInnermost(method);
  }

  async onModuleInit(): Promise<void> {
    announceIfDisabled();
    this.requireOneModule();
    this.requireNoneMissed();
    const handlers = this.decoratedHandlers();
    requireOwnScopes(handlers);
    for (const { name, options } of handlers) {
      checkOptions(options, name);
      const { ttlSeconds, leaseMs } = this.moduleOptions;
      checkTogether({ ttlSeconds, leaseMs, ...options }, this.moduleOptions, name);
      this.requireProvider(
        isKeyReader(options.key) ? options.key : undefined,
        `@Idempotent() on ${name}: key`,
      );
      this.requireProvider(options.payload, `@Idempotent() on ${name}: payload`);
      this.requireProvider(options.attempts, `@Idempotent() on ${name}: attempts`);
      this.requireProvider(options.onFailure, `@Idempotent() on ${name}: onFailure`);
    }
    for (const handler of handlers) this.checkKind(handler);
    for (const kind of kindsOf(this.moduleOptions)) await kind.start?.(this.container);
  }

  private checkKind(handler: CheckedHandler): void {
    const kinds = kindsOf(this.moduleOptions).filter((kind) => kind.isHandler(handler.method));
    if (kinds.length === 0) throw unprotected(handler);
    for (const kind of kinds) kind.check?.(handler, this.container);
  }

  /** Two of them would have two stores for one key, or two sets of running calls. */
  private requireOneModule(): void {
    const registrations = [...this.container.values()].filter(
      ({ providers, isGlobal }) => providers.has(HandlerCheck) && isGlobal,
    );
    if (registrations.length > 1)
      throw new Error(
        'IdempotencyModule is registered more than once: call forRoot() or forRootAsync() in one module only; ' +
          'it is global, so other modules need not import it',
      );
  }

  private requireNoneMissed(): void {
    for (const { metatype } of this.discovery.getControllers()) {
      if (typeof metatype !== 'function') continue;
      const [missed] = missedRoutes(metatype as Type);
      if (missed !== undefined)
        throw new Error(
          `@Idempotent() is on a class that ${metatype.name} extends, but not on ${metatype.name}, so ` +
            `${metatype.name}.${missed} is not protected; put it on ${metatype.name} as well, or @SkipIdempotency() on ` +
            'the method',
        );
    }
  }

  private decoratedHandlers(): CheckedHandler[] {
    const wrappers = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    return wrappers.flatMap(({ instance, metatype }) => {
      if (typeof instance !== 'object' || instance === null || !metatype) return [];
      const prototype = Object.getPrototypeOf(instance) as Record<string, unknown> | null;
      return this.scanner.getAllMethodNames(prototype).flatMap((methodName) => {
        const method = prototype?.[methodName];
        if (typeof method !== 'function') return [];
        const own = Reflect.getMetadata(IDEMPOTENT_OPTIONS, method) as IdempotentOptions | undefined;
        if (!own) return [];
        const type = Reflect.get(instance, 'constructor') as { readonly name: string };
        const options = { ...this.moduleOptions.defaults, ...own };
        return [{ name: `${type.name}.${methodName}`, type, methodName, method, options }];
      });
    });
  }

  private requireProvider(type: Type | undefined, option: string): void {
    if (!type) return;
    try {
      this.modules.get<unknown>(type, { strict: false });
    } catch (cause) {
      const reason =
        cause instanceof Error && cause.constructor.name === 'InvalidClassScopeException'
          ? 'which is request-scoped or transient: remove its scope, or inject what depends on the request elsewhere'
          : 'which no module provides; add it to the providers';
      throw new Error(`${option} names ${type.name}, ${reason}`, { cause });
    }
  }
}

/**
 * The last interceptor of a method is the innermost one: what reads a body, such as an upload, has then read it, and a
 * time-out around the handler ends the request, not the work. The last exception filter of a method is asked first; the one
 * for problems stays where it is, so that an application may put its own above.
 */
function standInnermost(method: object): void {
  moveToEnd(method, INTERCEPTORS_METADATA, IdempotencyInterceptor);
  moveToEnd(method, FILTERS_METADATA, ReplayEndFilter);
}

function moveToEnd(method: object, metadata: string, ours: unknown): void {
  const listed = (Reflect.getMetadata(metadata, method) ?? []) as readonly unknown[];
  Reflect.defineMetadata(metadata, [...listed.filter((one) => one !== ours), ours], method);
}

/** Two handlers with one scope would answer each other's requests. */
function requireOwnScopes(handlers: readonly CheckedHandler[]): void {
  const owners = new Map<string, CheckedHandler>();
  for (const handler of handlers) {
    const scope = scopeOf(handler.type, handler.method, handler.options);
    const owner = owners.get(scope);
    if (owner && !(owner.type === handler.type && owner.method === handler.method))
      throw new Error(
        `@Idempotent() on ${handler.name}: the scope '${scope}' is also that of ${owner.name}, and one would answer ` +
          "the other's requests; give each handler a scope of its own",
      );
    owners.set(scope, handler);
  }
}
