import { HttpStatus, Inject, Injectable, RequestMethod } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { EngineOptions } from '../engine/engine.options';
import { httpHandler } from './http-handler';
import { IDEMPOTENT_OPTIONS, type IdempotentOptions } from './idempotency.options';
import type { IdempotencyModuleOptions } from './module-options';
import { ARGUMENTS_METADATA, METHOD_METADATA } from './nestjs-metadata';
import {
  IdempotencyProblemDetails,
  keyHeaderOf,
  problemResponses,
  type HeaderParameter,
} from './openapi-content';

/**
 * What the decorators of @nestjs/swagger write, on a method or on its class; the same names in its versions 11 and 12. To
 * write them takes no import of that package, works with the application's copy of it wherever that is installed or
 * bundled, and changes nothing for an application without it.
 */
const PARAMETERS = 'swagger/apiParameters';
const RESPONSES = 'swagger/apiResponse';
const EXTRA_MODELS = 'swagger/apiExtraModels';
const CLASS_HEADERS = 'swagger/apiHeaders';
/** Where the compiler plugin of @nestjs/swagger puts what it has read from the types of a class. */
const PLUGIN = '_OPENAPI_METADATA_FACTORY';

/** What the application itself says about a method. */
interface OwnDescription {
  readonly parameters: readonly HeaderParameter[];
  readonly responses: Readonly<Record<string, unknown>> | undefined;
  readonly models: readonly unknown[];
}
const OWN_DESCRIPTION = Symbol('idempotent:own-openapi');

interface Route {
  readonly controller: object;
  readonly name: string;
  readonly handler: object;
  readonly options: IdempotentOptions;
}

/**
 * Adds the key's header and the problems to the OpenAPI description of each route with `@Idempotent()`. What the
 * application itself says about a header or a status comes first.
 *
 * NestJS creates this provider after all decorators have run and before an application exists of which
 * `SwaggerModule.createDocument` could make a document. So it knows the module's defaults, and it sees the decorators of a
 * method whether they stand above `@Idempotent()` or below. In NestJS's preview mode there are no providers, and nothing is
 * added.
 */
@Injectable()
export class OpenApiDescriptions {
  constructor(
    discovery: DiscoveryService,
    scanner: MetadataScanner,
    @Inject(EngineOptions) moduleOptions: IdempotencyModuleOptions,
  ) {
    for (const { metatype } of discovery.getControllers()) {
      const prototype = metatype?.prototype as Record<string, unknown> | undefined;
      if (!metatype || !prototype) continue;
      for (const name of scanner.getAllMethodNames(prototype)) {
        const handler = prototype[name];
        if (typeof handler !== 'function' || !httpHandler.isHandler(handler)) continue;
        const own = Reflect.getMetadata(IDEMPOTENT_OPTIONS, handler) as IdempotentOptions | undefined;
        if (!own) continue;
        const options = { ...moduleOptions.defaults, ...own };
        describeInOpenApi({ controller: metatype, name, handler, options }, moduleOptions);
      }
    }
  }
}

/** Completes the description of a route. For a second application with the same class, it starts anew. */
function describeInOpenApi(route: Route, settings: Pick<IdempotencyModuleOptions, 'problemType'>): void {
  const { controller, handler } = route;
  const own = ownDescription(handler);

  const header = keyHeaderOf(route.options);
  const headers = [...own.parameters, ...listAt<HeaderParameter>(CLASS_HEADERS, controller)];
  const isOwn = headers.some((one) => one.in === 'header' && isSameHeader(one.name, header?.name));
  const added = header && !isOwn ? [{ ...header, name: nameInHandler(route, header.name) }] : [];
  Reflect.defineMetadata(PARAMETERS, [...own.parameters, ...added], handler);

  const ofClass = Reflect.getMetadata(RESPONSES, controller) as object | undefined;
  const problems = [...problemResponses(settings)].filter(
    ([status]) => !(status in { ...own.responses, ...ofClass }),
  );
  const responses = { ...own.responses, ...Object.fromEntries(problems) };
  if (!own.responses) addResult(responses, route);
  Reflect.defineMetadata(RESPONSES, responses, handler);
  const models = problems.length > 0 ? [IdempotencyProblemDetails] : [];
  Reflect.defineMetadata(EXTRA_MODELS, [...own.models, ...models], handler);
}

function ownDescription(handler: object): OwnDescription {
  const kept = Reflect.getOwnMetadata(OWN_DESCRIPTION, handler) as OwnDescription | undefined;
  if (kept) return kept;
  const own: OwnDescription = {
    parameters: listAt(PARAMETERS, handler),
    responses: Reflect.getMetadata(RESPONSES, handler) as OwnDescription['responses'],
    models: listAt(EXTRA_MODELS, handler),
  };
  Reflect.defineMetadata(OWN_DESCRIPTION, own, handler);
  return own;
}

/**
 * Adds the result of a handler that describes no response of its own: @nestjs/swagger adds it only to a method without any.
 * It is read when the document is made, because `SwaggerModule.loadPluginMetadata` may tell its type shortly before.
 */
function addResult(responses: object, route: Route): void {
  const method: unknown = Reflect.getMetadata(METHOD_METADATA, route.handler);
  const byMethod = method === RequestMethod.POST ? HttpStatus.CREATED : HttpStatus.OK;
  const status = (Reflect.getMetadata('__httpCode__', route.handler) as number | undefined) ?? byMethod;
  Object.defineProperty(responses, status, { enumerable: true, get: () => resultOf(route) });
}

function resultOf({ controller, name }: Route): object {
  for (let type: unknown = controller; typeof type === 'function'; type = Object.getPrototypeOf(type)) {
    const factory = (type as { [PLUGIN]?: () => Record<string, Record<string, unknown>> })[PLUGIN];
    const known = factory?.()[name];
    if (known && 'type' in known) {
      const [type, isArray] = Array.isArray(known.type) ? [known.type[0] as unknown, true] : [known.type];
      return { description: '', type, isArray };
    }
  }
  return { description: '' };
}

/** `@Headers('idempotency-key')` describes the header as well; under another spelling it would be a second parameter. */
function nameInHandler({ controller, name }: Route, header: string): string {
  const HEADERS = '6:';
  const parameters = Reflect.getMetadata(ARGUMENTS_METADATA, controller, name) as
    Record<string, { data?: unknown }> | undefined;
  const spelled = Object.entries(parameters ?? {})
    .filter(([kind]) => kind.startsWith(HEADERS))
    .map(([, { data }]) => data)
    .find((data) => typeof data === 'string' && isSameHeader(data, header));
  return typeof spelled === 'string' ? spelled : header;
}

function isSameHeader(one: string, other: string | undefined): boolean {
  return one.toLowerCase() === other?.toLowerCase();
}

function listAt<T>(key: string, target: object): readonly T[] {
  return (Reflect.getMetadata(key, target) as readonly T[] | undefined) ?? [];
}
