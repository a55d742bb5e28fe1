import {
  MessageHandlerErrorBehavior,
  RABBIT_HANDLER,
  requeueErrorHandler,
  type AmqpConnection,
  type MessageDeserializer,
  type MessageHandlerOptions,
  type RabbitHandlerConfig,
} from '@golevelup/nestjs-rabbitmq';
import type { ModulesContainer } from '@nestjs/core';
import type { ConsumeMessage } from 'amqplib';
import type { CheckedHandler } from './handler-kind';
import { hasOwnRule, isSettler } from './rabbitmq-batch';
import { connectionsOf } from './rabbitmq-channels';

/** One subscription of a handler: the options of its decorator, and those of the module's option `handlers`. */
interface Subscription {
  readonly options: MessageHandlerOptions;
  readonly connection: AmqpConnection | undefined;
}

/** Handlers for which the application says itself what is done with a message that failed. */
const withOwnRule = new WeakSet<RabbitHandlerConfig>();

export function configOf(method: object): RabbitHandlerConfig | undefined {
  return Reflect.getMetadata(RABBIT_HANDLER, method) as RabbitHandlerConfig | undefined;
}

/** Whether errors go to the application's own error handler. Known once the application has started. */
export function hasOwnErrorRule(method: object): boolean {
  const config = configOf(method);
  return config !== undefined && withOwnRule.has(config);
}

/** @throws Error if messages of the handler's batches could not be settled one by one */
export function checkSubscriptions({ name, method }: CheckedHandler, modules: ModulesContainer): void {
  const config = configOf(method);
  if (!config) return;
  const subscriptions = subscriptionsOf(config, modules);
  for (const subscription of subscriptions)
    if (config.type === 'subscribe' && subscription.options.batchOptions) checkBatch(name, subscription);
  // An application that was in this process before, in another test, may have had such a rule.
  if (subscriptions.some((subscription) => saysWhatErrorsDo(config, subscription))) withOwnRule.add(config);
  else withOwnRule.delete(config);
}

function checkBatch(name: string, { options, connection }: Subscription): void {
  if (!isSettler(options.batchOptions?.errorHandler)) {
    throw new Error(
      `@Idempotent() on ${name}: a handler of batches needs 'batchOptions: { errorHandler: settleBatch() }', import ` +
        "{ settleBatch } from 'nestjs-idempotent/rabbitmq': otherwise one message that fails settles its whole batch",
    );
  }
  const deserializer = options.deserializer ?? connection?.configuration.deserializer;
  if (options.allowNonJsonMessages || (deserializer && readsAnything(deserializer))) return;
  throw new Error(
    `@Idempotent() on ${name}: a handler of batches needs 'allowNonJsonMessages: true', or a 'deserializer' that returns ` +
      'its error instead of throwing it: otherwise one body that cannot be read requeues its whole batch, for ever',
  );
}

/** Tried, because it cannot be seen: the deserializer that @golevelup has by default throws for what is not JSON. */
function readsAnything(deserializer: MessageDeserializer): boolean {
  const content = Buffer.from('{"not": JSON');
  try {
    deserializer(content, { content, fields: {}, properties: { headers: {} } } as ConsumeMessage);
    return true;
  } catch {
    return false;
  }
}

function saysWhatErrorsDo({ type }: RabbitHandlerConfig, { options, connection }: Subscription): boolean {
  const { batchOptions, errorHandler, errorBehavior } = options;
  if (type === 'subscribe' && batchOptions) return hasOwnRule(batchOptions.errorHandler);
  if (errorHandler || errorBehavior) return true;
  if (!connection) return false;
  const { defaultRpcErrorHandler, defaultSubscribeErrorBehavior } = connection.configuration;
  return type === 'rpc'
    ? defaultRpcErrorHandler !== requeueErrorHandler
    : defaultSubscribeErrorBehavior !== MessageHandlerErrorBehavior.REQUEUE;
}

/** Merged in the same way as RabbitMQModule does when the application has started. */
function subscriptionsOf(config: RabbitHandlerConfig, modules: ModulesContainer): Subscription[] {
  const connections = connectionsOf(modules);
  if (connections.length === 0) return [{ options: config, connection: undefined }];
  return connections
    .filter(({ configuration }) => !config.connection || config.connection === configuration.name)
    .flatMap((connection) => {
      const { handlers, defaultHandler } = connection.configuration;
      const name = config.name ?? defaultHandler;
      if (!name) return [{ options: config, connection }];
      const own = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
      return [own ?? []].flat().map((options) => ({ options: { ...config, ...options }, connection }));
    });
}
