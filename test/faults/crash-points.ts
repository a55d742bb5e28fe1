import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';
import { ClientRequest } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { isJsonObject } from '../support/json';
import {
  deadLetterQueue,
  retryQueuePrefix,
  routingKey,
  succeededRoutingKey,
  workQueue,
} from '../support/topology';
import { farewell } from './crash-point-names';
import type { CrashPoint } from './crash-point-names';

/**
 * Loaded with `--require` before the built service. The process kills itself the first time it reaches the point that
 * `CRASH_AT` names. This file is not part of the build and the service has no code for it, so a deployed service has no
 * crash points. In production mode it does nothing even when it is loaded.
 */
const armed = process.env.NODE_ENV === 'production' ? undefined : process.env.CRASH_AT;

type Method = (this: unknown, ...args: unknown[]) => unknown;
type Wrapper = (call: () => unknown, args: readonly unknown[]) => unknown;

function at(point: CrashPoint): void {
  if (point !== armed) return;
  writeSync(process.stderr.fd, `${farewell(point)}\n`);
  process.kill(process.pid, 'SIGKILL');
}

if (armed !== undefined) {
  aroundTheStore();
  aroundTheGateway();
  aroundTheLedger();
  aroundPublishing();
  aroundAcknowledging();
}

function aroundTheStore(): void {
  const store = prototypeOf(service('nestjs-idempotent/redis'), 'RedisIdempotencyStore');
  wrap(store, 'begin', async (call, [request]) => {
    const reply = await call();
    const isPayment = isJsonObject(request) && request.scope === 'payment';
    if (isPayment && isJsonObject(reply) && reply.kind === 'acquired') at('after-claim');
    return reply;
  });
  wrap(store, 'complete', async (call) => {
    at('before-complete');
    const reply = await call();
    at('after-complete');
    return reply;
  });
  wrap(store, 'extend', async (call) => {
    const reply = await call();
    at('in-renew');
    return reply;
  });
  wrap(store, 'release', async (call) => {
    const reply = await call();
    at('after-release');
    return reply;
  });
}

function aroundTheGateway(): void {
  const gateway = prototypeOf(service('./payment/gateway/stripe-gateway.js'), 'StripeGateway');
  wrap(gateway, 'charge', async (call) => {
    at('before-send');
    const decision = await call();
    at('replied');
    return decision;
  });
  // At `finish` the operating system has the request and delivers it even if the process is dead.
  subscribe('http.client.request.start', (message) => {
    const request = isJsonObject(message) ? message.request : undefined;
    if (request instanceof ClientRequest && request.method === 'POST')
      request.once('finish', () => at('sent'));
  });
}

/** What stores the outcome of a payment; undefined: its own attempt. */
const teller = new AsyncLocalStorage<'webhook' | 'look'>();

function aroundTheLedger(): void {
  const ledger = prototypeOf(service('./ledger/payment-ledger.js'), 'PaymentLedger');
  wrap(ledger, 'begin', async (call) => {
    at('before-ledger-begin');
    const payment = await call();
    at('ledger-begun');
    return payment;
  });
  wrap(ledger, 'end', async (call) => {
    const isAttempt = teller.getStore() === undefined;
    at(isAttempt ? 'before-ledger-end' : 'record-replaced');
    const isStored = await call();
    if (isAttempt) at('ledger-ended');
    return isStored;
  });
  const followUp = prototypeOf(service('./payment/follow-up/payment-follow-up.js'), 'PaymentFollowUp');
  wrap(followUp, 'lookAt', (call) => teller.run('look', call));
  const outcomes = prototypeOf(service('./payment/follow-up/later-outcomes.js'), 'LaterOutcomes');
  wrap(outcomes, 'apply', (call) =>
    teller.run(teller.getStore() ?? 'webhook', async () => {
      const applied = await call();
      if (applied === 'ended' && teller.getStore() === 'webhook') at('webhook-stored');
      return applied;
    }),
  );
}

function aroundPublishing(): void {
  const publisher = prototypeOf(service('./messaging/publisher.js'), 'Publisher');
  const around: Wrapper = async (call, [message]) => {
    const target = isJsonObject(message) ? String(message.routingKey) : '';
    if (target.startsWith(retryQueuePrefix)) at('before-delay');
    if (target === deadLetterQueue) at('before-dead-letter');
    const confirmed = await call();
    if (target.startsWith(retryQueuePrefix)) at('delayed');
    if (target === deadLetterQueue) at('dead-lettered');
    if (target === succeededRoutingKey) at('event-published');
    return confirmed;
  };
  wrap(publisher, 'send', around);
  wrap(publisher, 'publish', around);
}

/** Long enough for the acknowledgement to leave the process. */
const sentAfterMs = 50;

function aroundAcknowledging(): void {
  const channel = prototypeOf(
    createRequire(resolve(mainFolder(), 'main.js'))('amqplib/lib/channel_model'),
    'Channel',
  );
  wrap(channel, 'ack', (call, [message]) => {
    const fields = isJsonObject(message) && isJsonObject(message.fields) ? message.fields : {};
    // A message that comes back from a retry queue has the work queue's name as its routing key.
    const isPayment = fields.routingKey === routingKey || fields.routingKey === workQueue;
    if (isPayment) at('before-ack');
    const sent = call();
    if (isPayment) setTimeout(() => at('after-ack'), sentAfterMs);
    return sent;
  });
}

function mainFolder(): string {
  return dirname(resolve(process.argv[1] ?? ''));
}

/** Loads a module of the build that is about to start. */
function service(file: string): unknown {
  return createRequire(resolve(mainFolder(), 'main.js'))(file);
}

function prototypeOf(module: unknown, className: string): object {
  const found: unknown = isJsonObject(module) ? module[className] : undefined;
  const prototype: unknown = typeof found === 'function' ? found.prototype : undefined;
  if (typeof prototype === 'object' && prototype !== null) return prototype;
  throw new Error(`the service no longer has the class ${className}: move its crash points`);
}

function wrap(owner: object, name: string, wrapper: Wrapper): void {
  const original: unknown = Reflect.get(owner, name);
  if (!isMethod(original))
    throw new Error(`the service no longer has the method ${name}: move its crash point`);
  Reflect.set(owner, name, function (this: unknown, ...args: unknown[]) {
    return wrapper(() => original.apply(this, args), args);
  });
}

function isMethod(value: unknown): value is Method {
  return typeof value === 'function';
}
