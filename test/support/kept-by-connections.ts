import { createRequire } from 'node:module';
import { resolve } from 'node:path';

/**
 * Loaded with `--require` before the built service. On SIGUSR2 it prints one line of JSON about each object that outlives
 * a connection: the sizes of its collections, the number of its listeners, and whether the connection sends each write at once.
 */
const load = createRequire(resolve(__dirname, '../../dist/main.js'));
const roots = new Map<string, object>();

type Method = (this: object, ...args: unknown[]) => unknown;

/** Finds the object by a call of a method that is called on every such object. */
function watch(path: string, name: string, method: string): void {
  const type: unknown = Reflect.get(load(path) as object, name);
  if (typeof type !== 'function') throw new Error(`${path} has no ${name}`);
  const prototype = type.prototype as Record<string, Method>;
  const original = prototype[method];
  if (original === undefined) throw new Error(`${name} has no ${method}`);
  prototype[method] = function (...args) {
    roots.set(name, this);
    return original.apply(this, args);
  };
}

watch('@golevelup/nestjs-rabbitmq', 'AmqpConnection', 'init');
watch('./messaging/consumption.js', 'Consumption', 'onModuleInit');
watch('./messaging/channel-guard.js', 'ChannelGuard', 'onModuleInit');
watch('./messaging/connection-upkeep.js', 'ConnectionUpkeep', 'onModuleInit');
watch('./messaging/publisher.js', 'Publisher', 'onModuleInit');
watch('./messaging/publishing-channel.js', 'PublishingChannel', 'onModuleInit');

/** Sizes of the object's own collections, by property name. */
function sizesOf(name: string, object: object, depth = 2): [string, number][] {
  const listeners = listenersOf(object);
  const own = Object.entries(object).flatMap(([property, value]: [string, unknown]): [string, number][] => {
    if (typeof value !== 'object' || value === null) return [];
    const path = `${name}.${property}`;
    if (value instanceof Map || value instanceof Set) return [[path, value.size]];
    if (Array.isArray(value)) return [[path, value.length]];
    const isPlain = Object.getPrototypeOf(value) === Object.prototype;
    const size: [string, number][] = isPlain ? [[path, Object.keys(value).length]] : [];
    return depth > 0 && isOfConnections(property) ? [...size, ...sizesOf(path, value, depth - 1)] : size;
  });
  return listeners === undefined ? own : [[`${name} listeners`, listeners], ...own];
}

/** Other objects are not followed, because each connection replaces them. */
function isOfConnections(property: string): boolean {
  return /^_managed(Connection|Channels)$/.test(property) || /^(topology|consumer|current)$/.test(property);
}

function listenersOf(object: object): number | undefined {
  const eventNames: unknown = Reflect.get(object, 'eventNames');
  const listenerCount: unknown = Reflect.get(object, 'listenerCount');
  if (typeof eventNames !== 'function' || typeof listenerCount !== 'function') return undefined;
  const names = Reflect.apply(eventNames, object, []) as unknown[];
  return names.reduce<number>((sum, name) => sum + Number(Reflect.apply(listenerCount, object, [name])), 0);
}

/** Whether the socket of the connection sends each write at once, without Nagle's algorithm; Node.js keeps it under a symbol. */
function sendsAtOnce(): unknown {
  let found: unknown = roots.get('AmqpConnection');
  for (const name of ['managedConnection', 'connection', 'connection', 'stream']) {
    found = typeof found === 'object' && found !== null ? Reflect.get(found, name) : undefined;
  }
  if (typeof found !== 'object' || found === null) return undefined;
  const symbol = Object.getOwnPropertySymbols(found).find(({ description }) => description === 'kSetNoDelay');
  return symbol && Reflect.get(found, symbol);
}

process.on('SIGUSR2', () => {
  const sizes = [...roots].flatMap(([name, object]) => sizesOf(name, object));
  const listeners = listenersOf(process) ?? 0;
  const heapMb = Math.round(process.memoryUsage().heapUsed / 2 ** 20);
  console.log(
    JSON.stringify({
      kept: {
        ...Object.fromEntries(sizes),
        'process listeners': listeners,
        'AmqpConnection sends at once': sendsAtOnce(),
      },
      heapMb,
    }),
  );
});
