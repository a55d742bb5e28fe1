import { SCOPE_RULE, needsTransactions, throwIfWrong, wrongTimes } from '../engine/engine.options';
import { isName } from '../engine/names';
import type { IdempotentOptions } from './idempotency.options';
import type { IdempotencyModuleOptions } from './module-options';

type Problem = string | false | undefined;
type Checks<Options> = { readonly [Name in keyof Required<Options>]: (value: unknown) => Problem };

/** The longest time that a timer can wait, in ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const HANDLER_CHECKS: Checks<IdempotentOptions> = {
  scope: (scope) => !(typeof scope === 'string' && isName(scope)) && SCOPE_RULE,
  key: (key) =>
    !(isFunction(key) || isKeyLocation(key)) && 'key must name a header or a property, or be a function',
  whenKeyMissing: (value) => oneOf('whenKeyMissing', value, ['reject', 'process']),
  requireTimestamp: (value) => typeof value !== 'boolean' && 'requireTimestamp must be true or false',
  tenant: (value) => functionOnly('tenant', value),
  payload: (value) => classOnly('payload', value),
  fingerprint: (value) =>
    !(value === false || isFunction(value) || isListOfNames(value)) &&
    'fingerprint must be a list of property paths, a function, or false',
  whenInProgress: wrongInProgress,
  // The times are checked together.
  ttlSeconds: () => undefined,
  leaseMs: () => undefined,
  maxWorkMs: () => undefined,
  rememberResult: (value) => functionOnly('rememberResult', value),
  rememberError: (value) => functionOnly('rememberError', value),
  uncounted: (value) => functionOnly('uncounted', value),
  transaction: (value) => typeof value !== 'boolean' && 'transaction must be true or false',
  serialize: (value) => functionOnly('serialize', value),
  deserialize: (value) => functionOnly('deserialize', value),
  attempts: (value) => classOnly('attempts', value),
  onFailure: (value) => classOnly('onFailure', value),
};

const MODULE_CHECKS: Checks<IdempotencyModuleOptions> = {
  // These are checked by the engine.
  store: () => undefined,
  transactions: () => undefined,
  outbox: () => undefined,
  ttlSeconds: () => undefined,
  leaseMs: () => undefined,
  maxWorkMs: () => undefined,
  clockToleranceMs: () => undefined,
  localMemory: (value) =>
    !(isObject(value) && isPositive(value['maxEntries']) && isPositive(value['ttlSeconds'])) &&
    'localMemory must have maxEntries and ttlSeconds, whole numbers from 1',
  origin: (value) => functionOnly('origin', value),
  problemType: (value) => typeof value !== 'string' && 'problemType must be a text',
  handlers: (value) =>
    !(Array.isArray(value) && value.every((kind) => isObject(kind) && isFunction(kind['respond']))) &&
    'handlers must be a list such as [rabbitmq()]',
  defaults: (value) =>
    isObject(value)
      ? wrongIn(value, HANDLER_CHECKS, 'defaults.').filter(Boolean).join('; ')
      : 'defaults must be options of handlers',
};

/** Options of one handler each, and those that the module itself has. */
const NEVER_DEFAULTS: readonly string[] = ['scope', 'payload', 'ttlSeconds', 'leaseMs', 'maxWorkMs'];

/**
 * Checks each option of a handler on its own.
 *
 * @throws Error naming the handler and every wrong option
 */
export function checkOptions<P, R>(options: IdempotentOptions<P, R>, handler: string): void {
  throwIfWrong(`@Idempotent() on ${handler}`, [...wrongIn(options, HANDLER_CHECKS), ...wrongTimes(options)]);
}

/**
 * Checks the options that depend on each other: those of a handler, with the module's defaults filled in.
 *
 * @throws Error naming the handler and every option that lacks another
 */
export function checkTogether(
  options: IdempotentOptions,
  module: Pick<IdempotencyModuleOptions, 'transactions'>,
  handler: string,
): void {
  const { whenInProgress, onFailure, serialize, deserialize } = options;
  const usesOnFailure =
    whenInProgress === 'onFailure' ||
    (typeof whenInProgress === 'object' && whenInProgress.then === 'onFailure');
  throwIfWrong(`@Idempotent() on ${handler}`, [
    usesOnFailure && !onFailure && "whenInProgress 'onFailure' needs `onFailure`",
    (serialize === undefined) !== (deserialize === undefined) && 'serialize and deserialize go together',
    options.transaction === true && needsTransactions(module),
    ...wrongTimes(options),
  ]);
}

/** @throws Error naming every wrong or unknown option of the module */
export function checkModuleOptions(options: IdempotencyModuleOptions): void {
  const notForAll = Object.keys(options.defaults ?? {}).filter((name) => NEVER_DEFAULTS.includes(name));
  throwIfWrong('IdempotencyModule', [
    ...wrongIn(options, MODULE_CHECKS),
    notForAll.length > 0 && `${notForAll.join(', ')} cannot be in defaults`,
  ]);
}

function wrongIn<Options extends object>(
  options: object,
  checks: Checks<Options>,
  prefix = '',
): readonly Problem[] {
  return Object.entries(options).map(([name, value]) => {
    const check = Object.hasOwn(checks, name) ? checks[name as keyof Options] : undefined;
    if (!check) return `unknown option '${prefix}${name}'; there are ${Object.keys(checks).join(', ')}`;
    return value === undefined ? undefined : check(value);
  });
}

function wrongInProgress(value: unknown): Problem {
  if (value === 'onFailure' || value === 'reject') return undefined;
  if (!isObject(value)) return "whenInProgress must be 'onFailure', 'reject' or { waitMs, then }";
  const { waitMs, then } = value;
  if (!(typeof waitMs === 'number' && waitMs >= 0 && waitMs <= LONGEST_TIMER_MS))
    return `whenInProgress.waitMs must be from 0 to ${LONGEST_TIMER_MS}`;
  return oneOf('whenInProgress.then', then, ['onFailure', 'reject']);
}

function isKeyLocation(value: unknown): boolean {
  if (!isObject(value)) return false;
  const names = Object.entries(value);
  return (
    names.length > 0 &&
    names.every(
      ([name, place]) =>
        (name === 'header' || name === 'property') &&
        (place === undefined || (typeof place === 'string' && place !== '')),
    ) &&
    names.some(([, place]) => place !== undefined)
  );
}

function isListOfNames(value: unknown): boolean {
  return (
    Array.isArray(value) && value.length > 0 && value.every((path) => typeof path === 'string' && path !== '')
  );
}

function oneOf(name: string, value: unknown, allowed: readonly string[]): Problem {
  return (
    !(typeof value === 'string' && allowed.includes(value)) &&
    `${name} must be ${allowed.map((one) => `'${one}'`).join(' or ')}`
  );
}

function functionOnly(name: string, value: unknown): Problem {
  return !isFunction(value) && `${name} must be a function`;
}

function classOnly(name: string, value: unknown): Problem {
  return !(isFunction(value) && isObject(value.prototype)) && `${name} must be a class`;
}

function isFunction(value: unknown): value is { readonly prototype?: unknown } {
  return typeof value === 'function';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isPositive(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) > 0;
}
