import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { isJsonObject } from './json';

/**
 * Loaded with `--require` before the built service. The AMQP client throws once in the middle of a publish, for a message
 * of payment `FAILS-ONCE` to a retry queue: at that point the confirm is already counted.
 */
const main = resolve(process.argv[1] ?? '');
const model: unknown = createRequire(main)('amqplib/lib/channel_model');
const channel = isJsonObject(model) && typeof model.Channel === 'function' ? model.Channel : undefined;
const prototype = channel?.prototype as { publish: (...args: unknown[]) => unknown };
const { publish } = prototype;
let isDone = false;

prototype.publish = function (...args) {
  const [, routingKey, content] = args;
  if (!isDone && String(routingKey).includes('.retry.') && String(content).includes('FAILS-ONCE')) {
    isDone = true;
    throw new TypeError('this publish fails');
  }
  return publish.apply(this, args);
};
