import { createHash } from 'node:crypto';
import { DEFAULT_KEY_LOCATION, isKey } from '../engine/idempotency-key';
import { kindWithoutJson, problemOf } from '../engine/recordable';
import type { ScopedKey } from '../stores/idempotency-store';
import type { MessageOptions, NewMessage } from './outbox';

/** The bytes of a short string of AMQP: an exchange, a routing key, the name of a header. */
const MOST_NAME_BYTES = 255;
/** The client of RabbitMQ encodes all headers into 64 KB, and JSON of this size never needs more than half of that. */
const MOST_HEADER_BYTES = 16 * 1024;

/** The header with the key of a message, as `@Idempotent()` and `run()` of its receiver read it by default. */
export const KEY_HEADER = DEFAULT_KEY_LOCATION.header ?? '';

/** What a handler gives. */
interface GivenMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly content: unknown;
  readonly options: MessageOptions;
}

/**
 * Checks a message now: one that no broker takes would block the later ones of its request for ever.
 *
 * @param place of the message among those of its run, from 1
 * @throws TypeError naming what is wrong
 */
export function newMessage(
  { scope, key }: ScopedKey,
  place: number,
  { exchange, routingKey, content, options }: GivenMessage,
): NewMessage {
  const name = `context.publish() in the scope '${scope}'`;
  const wrong = [
    wrongName('the exchange', exchange),
    wrongName('the routing key', routingKey),
    ...wrongHeaders(options.headers ?? {}),
    options.key !== undefined &&
      !isKey(options.key) &&
      'the option key must be a string of 1 to 255 visible ASCII characters',
  ].filter((problem) => typeof problem === 'string');
  if (wrong.length > 0) throw new TypeError(`${name}: ${wrong.join('; ')}`);
  return {
    ...{ scope, key, exchange, routingKey },
    content: textOf(content, `${name}: the content of a message to '${exchange}' (${routingKey})`),
    headers: JSON.stringify(options.headers ?? {}),
    idempotencyKey: options.key ?? defaultKey({ scope, key }, place),
  };
}

/**
 * A hash of all that makes a message different from others: clients choose their keys, so `<key>:<place>` could be the key of
 * another client's request, or that of a message of another scope. It has 43 characters, whatever the key of the request is.
 */
export function defaultKey({ scope, key }: ScopedKey, place: number): string {
  return createHash('sha256')
    .update(JSON.stringify([scope, key, place]))
    .digest('base64url');
}

function textOf(content: unknown, name: string): string {
  const kind = content === undefined ? 'undefined' : kindWithoutJson(content);
  if (kind !== undefined) throw unpublishable(name, `it is ${kind}`);
  try {
    return JSON.stringify(content);
  } catch (cause) {
    throw unpublishable(name, problemOf(content, cause), { cause });
  }
}

function unpublishable(name: string, problem: string, options?: ErrorOptions): TypeError {
  return new TypeError(
    `${name} cannot be sent as JSON: ${problem}. Publish an object, a list, a text or a number, and convert the rest before`,
    options,
  );
}

function wrongHeaders(headers: unknown): (string | false | undefined)[] {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers))
    return ['headers must be an object'];
  const problems = Object.entries(headers).map(
    ([name, value]) =>
      wrongName(`the header '${name}'`, name) ??
      (name.toLowerCase() === KEY_HEADER
        ? `the header '${name}' is the key of the message; set it with the option key`
        : !isHeaderValue(value) && `the header '${name}' must be a text, a number, true or false`),
  );
  if (problems.some((problem) => typeof problem === 'string')) return problems;
  const bytes = Buffer.byteLength(JSON.stringify(headers));
  return [
    bytes > MOST_HEADER_BYTES &&
      `the headers have ${bytes} bytes as JSON, more than ${MOST_HEADER_BYTES}; move some of them to the content`,
  ];
}

function isHeaderValue(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

/** PostgreSQL stores no NUL, and UTF-8 has no lone surrogates: they would arrive as another character. */
const UNWRITABLE = /[\0\p{Cs}]/u;

function wrongName(what: string, name: unknown): string | undefined {
  const isRight =
    typeof name === 'string' && Buffer.byteLength(name) <= MOST_NAME_BYTES && !UNWRITABLE.test(name);
  return isRight
    ? undefined
    : `${what} must be a text of at most ${MOST_NAME_BYTES} bytes, of Unicode without NUL`;
}
