import { isDeepStrictEqual } from 'node:util';
import type { Options } from 'amqplib';
import args from 'amqplib/lib/api_args';
import codec from 'amqplib/lib/codec';
import definitions from 'amqplib/lib/defs';

/** The client encodes all headers of a message into one buffer of this size. */
const CLIENT_BUFFER_BYTES = 64 * 1024;
/** The sender's headers must leave room for ours. */
const HEADERS_BYTES = CLIENT_BUFFER_BYTES / 2;
const TABLE_LENGTH_BYTES = 4;

const buffer = Buffer.alloc(CLIENT_BUFFER_BYTES);

/** The client's codec cannot write a message. Thrown before the channel has counted it. */
export class UnencodableMessageError extends Error {
  override readonly name = 'UnencodableMessageError';
}

/**
 * Proves that the client can write a message, by writing it. `ConfirmChannel.publish` of amqplib 0.10 counts a message
 * before it encodes it: if that throws, each later confirm on the channel is matched with the wrong message.
 *
 * @throws UnencodableMessageError
 */
export function assertEncodable(content: Buffer, options: Options.Publish): void {
  try {
    definitions.encodeProperties(
      definitions.BasicProperties,
      0,
      content.length,
      args.publish('', '', options),
    );
  } catch (cause) {
    throw new UnencodableMessageError(`a message cannot be written to RabbitMQ: ${String(cause)}`, { cause });
  }
}

export interface Encodable {
  readonly kept: Record<string, unknown>;
  /** The names of the headers that were left out. */
  readonly dropped: string[];
}

/**
 * The headers that are unchanged after the client has written and read them. Other clients can send headers that ours
 * reads but cannot write, or writes differently.
 *
 * @param headers most important first: if they are too large together, those at the end are left out
 */
export function encodableHeaders(headers: Readonly<Record<string, unknown>>): Encodable {
  const kept: Record<string, unknown> = {};
  const dropped: string[] = [];
  let left = HEADERS_BYTES;
  for (const [name, value] of Object.entries(headers)) {
    const bytes = isUnsafe(name, value) ? Infinity : bytesOf(name, value);
    if (bytes > left) dropped.push(name);
    else {
      kept[name] = value;
      left -= bytes;
    }
  }
  return { kept, dropped };
}

/** Whether the client can write this property of a message. */
export function isEncodableProperty(name: string, value: unknown): boolean {
  try {
    assertEncodable(Buffer.alloc(0), { [name]: value });
    return true;
  } catch {
    return false;
  }
}

function bytesOf(name: string, value: unknown): number {
  try {
    const bytes = codec.encodeTable(buffer, { [name]: value }, 0);
    const { [name]: readAgain } = codec.decodeFields(buffer.subarray(TABLE_LENGTH_BYTES, bytes));
    return isDeepStrictEqual(readAgain, value) ? bytes : Infinity;
  } catch {
    return Infinity;
  }
}

/** Names that other clients cannot assign to a plain object, or call as a function. */
const UNSAFE_NAMES = ['__proto__', 'hasOwnProperty'];

function isUnsafe(name: string, value: unknown): boolean {
  if (UNSAFE_NAMES.includes(name)) return true;
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return false;
  return Object.entries(value).some(([inner, member]) => isUnsafe(inner, member));
}
