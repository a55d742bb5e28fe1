import type { ModulesContainer } from '@nestjs/core';
import { Transport } from '@nestjs/microservices';
import type { HandlerDefaults } from '../idempotency.options';
import { patternHandlersIn, type PatternHandler } from './pattern-handlers';
import { callSeparately, type RegisteredHandler } from './separate-calls';
import { requireUnary, streamOf, transportFor, type MicroserviceServer } from './server-rules';

/** The methods of a server that are used here. All but `listen` are those of the class `Server` of @nestjs/microservices. */
interface ListeningServer extends MicroserviceServer {
  listen(...args: unknown[]): unknown;
  getHandlers(): Map<string, RegisteredHandler>;
  getHandlerByPattern(pattern: string): RegisteredHandler | null;
  /** gRPC only: makes the method of a service from its handler. */
  createServiceMethod?(
    handler: unknown,
    method: { readonly responseStream?: boolean },
    type: unknown,
  ): unknown;
}

interface Application {
  readonly modules: ModulesContainer;
  readonly defaults: HandlerDefaults | undefined;
  readonly servers: ListeningServer[];
}

const applications = new WeakMap<ModulesContainer, Application>();
const prepared = new WeakSet<object>();

/**
 * Prepares every microservice of an application when it starts to listen, which may be before the application's own start
 * (`startAllMicroservices()` before `listen()`) or long after it.
 */
export function watchServers(modules: ModulesContainer, defaults: HandlerDefaults | undefined): void {
  if (applications.has(modules)) return;
  const application: Application = { modules, defaults, servers: [] };
  applications.set(modules, application);
  modules.getRpcTargetRegistry<ListeningServer>().subscribe((server) => {
    application.servers.push(server);
    const listen = server.listen.bind(server);
    // What is thrown here rejects the promise of NestJS' `listen()` and `startAllMicroservices()`.
    server.listen = (...args) => {
      prepare(server, application);
      return listen(...args);
    };
  });
}

/** @throws Error if `@Idempotent()` does not work on a handler, or with the microservices that are connected so far */
export function checkServers(modules: ModulesContainer): void {
  const application = applications.get(modules);
  if (!application) return;
  const handlers = patternHandlersIn(modules, application.defaults);
  for (const handler of handlers) if (handler.options) requireUnary(handler);
  for (const server of application.servers) check(server, application);
}

function check(server: ListeningServer, application: Application) {
  const handlers = heardBy(server, application);
  const decorated = handlers.filter(({ options }) => options);
  const others = handlers.filter(({ options }) => !options);
  return decorated.length === 0
    ? undefined
    : { decorated, transport: transportFor(server, decorated, others) };
}

/** The handlers that NestJS registers with a server. */
function heardBy({ transportId }: ListeningServer, { modules, defaults }: Application): PatternHandler[] {
  return patternHandlersIn(modules, defaults).filter(
    ({ transport }) => transport === undefined || transportId === undefined || transport === transportId,
  );
}

function prepare(server: ListeningServer, application: Application): void {
  const checked = check(server, application);
  if (!checked || prepared.has(server)) return;
  prepared.add(server);
  const { decorated, transport } = checked;
  const names = new Map<unknown, string>();
  for (const { name, patterns } of decorated) {
    for (const pattern of patterns) {
      const route = routeOf(server, pattern);
      const head = route === undefined ? undefined : server.getHandlers().get(route);
      if (route === undefined || !head || names.has(head)) continue;
      const handler = callSeparately(head, transport);
      server.getHandlers().set(route, handler);
      names.set(handler, name);
    }
  }
  if (transport === Transport.GRPC) refuseStreams(server, names);
}

/** The name under which a server keeps the handlers of a pattern. */
function routeOf(server: ListeningServer, pattern: unknown): string | undefined {
  // The server for gRPC has names of its own, and does not find them itself.
  if (server.transportId === Transport.GRPC)
    return typeof pattern === 'string' ? pattern : JSON.stringify(pattern);
  const head = server.getHandlerByPattern(JSON.stringify(pattern));
  return [...server.getHandlers()].find(([, handler]) => handler === head)?.[0];
}

/** Whether a method answers with a stream is written in the service's definition, which the server reads when it listens. */
function refuseStreams(server: ListeningServer, names: ReadonlyMap<unknown, string>): void {
  const create = server.createServiceMethod?.bind(server);
  if (!create) return;
  server.createServiceMethod = (handler, method, type) => {
    const name = names.get(handler);
    if (name !== undefined && method.responseStream) throw streamOf(name);
    return create(handler, method, type);
  };
}
