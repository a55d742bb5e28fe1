import { RequestMethod, SetMetadata, UseFilters, UseInterceptors, applyDecorators } from '@nestjs/common';
import { IdempotencyProblemFilter } from './http-problem';
import { IdempotencyInterceptor } from './idempotency.interceptor';
import { IDEMPOTENT_OPTIONS, type IdempotentOptions } from './idempotency.options';
import { FILTERS_METADATA, METHOD_METADATA } from './nestjs-metadata';
import { ReplayEndFilter } from './replay-end.filter';
import { checkOptions } from './option-checks';

const SKIPPED = Symbol('idempotent:skipped');
/** Marks a class with the decorator, and those that extend it. */
const ON_CLASS = Symbol('idempotent:class');

/** Routes of these methods change nothing (RFC 9110, section 9.2.1), so a class does not make them idempotent. */
const SAFE_METHODS: readonly unknown[] = [
  RequestMethod.GET,
  RequestMethod.HEAD,
  RequestMethod.OPTIONS,
  RequestMethod.SEARCH,
];

/**
 * Makes a handler idempotent: its effect happens once per idempotency key, duplicates get the recorded result without
 * the handler running, and a handler that throws frees the key for the next request. See {@link IdempotentOptions} for
 * the defaults.
 *
 * For HTTP controllers, and for the kinds of handlers in the module's option `handlers`. On a class, it is for all of its
 * HTTP routes that change something, also those that are inherited, except the ones that have the decorator themselves or
 * `@SkipIdempotency()`; a `scope` is then the beginning of each route's scope.
 *
 * @example
 * @Post()
 * @Idempotent()
 * place(@Body() order: Order) { ... }
 *
 * @throws Error at the start, naming the handler, if an option is wrong or the handler cannot be made idempotent
 */
export function Idempotent<P = unknown, R = unknown>(
  options: IdempotentOptions<P, R> = {},
): ClassDecorator & MethodDecorator {
  return (target: object, method?: string | symbol, descriptor?: PropertyDescriptor) => {
    if (method === undefined) {
      decorateRoutes(target as Constructor, options as IdempotentOptions);
      return;
    }
    const isStatic = typeof target === 'function';
    const name = `${isStatic ? target.name : target.constructor.name}.${String(method)}`;
    // Nothing discovers these at the start.
    if (isStatic || !descriptor)
      throw new Error(`@Idempotent() on ${name}: it is not a method of an object that NestJS calls`);
    checkOptions(options, name);
    decorate(target, method, descriptor, options as IdempotentOptions);
  };
}

/** Excepts a route from the `@Idempotent()` of its class: it runs for every request, and needs no key. */
export function SkipIdempotency(): MethodDecorator {
  return SetMetadata(SKIPPED, true);
}

/** Of a method, whose value is the function. */
type MethodDescriptor = Omit<PropertyDescriptor, 'value'> & { readonly value: object };

interface Constructor {
  readonly name: string;
  readonly prototype: object;
}

function decorate(
  prototype: object,
  method: string | symbol,
  descriptor: PropertyDescriptor,
  options: IdempotentOptions,
): void {
  applyDecorators(
    SetMetadata(IDEMPOTENT_OPTIONS, options),
    UseInterceptors(IdempotencyInterceptor),
    UseFilters(IdempotencyProblemFilter, ReplayEndFilter),
  )(prototype, method, descriptor);
}

function decorateRoutes(type: Constructor, options: IdempotentOptions): void {
  const { name, prototype } = type;
  checkOptions(options, name);
  Reflect.defineMetadata(ON_CLASS, true, type);
  const routes = changingRoutes(prototype);
  if (routes.length === 0)
    throw new Error(
      `@Idempotent() on ${name}: the class has no HTTP routes that change something; put the decorator on its handlers`,
    );
  for (const method of routes) {
    const { scope } = options;
    const own = { ...options, ...(scope !== undefined && { scope: `${scope}.${method}` }) };
    const descriptor = ownDescriptor(prototype, method);
    // Class decorators run last, but a method's own filters are asked before this one, as with the decorator on the method.
    const filters = (Reflect.getMetadata(FILTERS_METADATA, descriptor.value) ?? []) as readonly unknown[];
    Reflect.deleteMetadata(FILTERS_METADATA, descriptor.value);
    decorate(prototype, method, descriptor, own);
    const ours = Reflect.getMetadata(FILTERS_METADATA, descriptor.value) as readonly unknown[];
    Reflect.defineMetadata(FILTERS_METADATA, [...ours, ...filters], descriptor.value);
  }
}

/** Routes of a class that extends one with the decorator, but does not have it, so that they would not be protected. */
export function missedRoutes(type: Constructor): string[] {
  return Reflect.hasMetadata(ON_CLASS, type) ? changingRoutes(type.prototype) : [];
}

function changingRoutes(prototype: object): string[] {
  return allNames(prototype).filter((method) => {
    const handler: unknown = Reflect.get(prototype, method);
    if (typeof handler !== 'function' || Reflect.hasMetadata(SKIPPED, handler)) return false;
    const httpMethod: unknown = Reflect.getMetadata(METHOD_METADATA, handler);
    const isDecorated = Reflect.hasMetadata(IDEMPOTENT_OPTIONS, handler);
    return httpMethod !== undefined && !SAFE_METHODS.includes(httpMethod) && !isDecorated;
  });
}

function allNames(prototype: object): string[] {
  const names = new Set<string>();
  for (
    let level: object | null = prototype;
    level && level !== Object.prototype;
    level = Object.getPrototypeOf(level) as object | null
  )
    for (const name of Object.getOwnPropertyNames(level))
      if (typeof Object.getOwnPropertyDescriptor(level, name)?.value === 'function') names.add(name);
  names.delete('constructor');
  return [...names];
}

/** An inherited handler gets a method of this class, because the marks of the original belong to all that inherit it. */
function ownDescriptor(prototype: object, method: string): MethodDescriptor {
  const own = Object.getOwnPropertyDescriptor(prototype, method);
  if (own) return own as MethodDescriptor;
  const inherited = Reflect.get(prototype, method) as (...given: unknown[]) => unknown;
  const value = {
    [method](this: unknown, ...given: unknown[]) {
      return inherited.apply(this, given);
    },
  }[method] as object;
  for (const key of Reflect.getOwnMetadataKeys(inherited) as unknown[])
    Reflect.defineMetadata(key, Reflect.getMetadata(key, inherited), value);
  const descriptor = { value, writable: true, configurable: true, enumerable: false };
  Object.defineProperty(prototype, method, descriptor);
  return descriptor;
}
