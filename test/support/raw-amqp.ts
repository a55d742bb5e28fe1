import type { ConfirmChannel } from 'amqplib';
import { isJsonObject } from './json';

/**
 * Header tables as other clients write them: the JavaScript client can read them but cannot write them. A field is the
 * letter of its type and its bytes.
 */
export type RawField = Buffer;
export type RawEntries = readonly (readonly [name: string, field: RawField])[];

export const rawText = (text: string): RawField => tagged('S', sized(Buffer.from(text)));
export const rawBytes = (bytes: Buffer): RawField => tagged('x', sized(bytes));
export const rawTimestamp = (seconds: bigint): RawField => tagged('T', eightBytes(seconds));
export const rawTable = (entries: RawEntries): RawField => tagged('F', tableOf(entries));
export const rawList = (fields: readonly RawField[]): RawField => tagged('A', sized(Buffer.concat(fields)));
export const rawFlag = (value: boolean): RawField => tagged('t', Buffer.from([value ? 1 : 0]));

export const rawNothing: RawField = Buffer.from('V');
export const rawLong = (value: bigint): RawField => tagged('l', eightBytes(BigInt.asUintN(64, value)));
export const rawDecimal = (places: number, digits: number): RawField =>
  tagged('D', Buffer.from([places, ...eightBytes(BigInt(digits)).subarray(4)]));

/** Nested lists: built without recursion, because thousands of levels would overflow the stack. */
export function rawNested(levels: number): RawField {
  const inner = sized(Buffer.alloc(0)).length + 1;
  return Buffer.concat(
    Array.from({ length: levels }, (_, level) => tagged('A', lengthOf((levels - level - 1) * inner))),
  );
}

export function rawDouble(value: number): RawField {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return tagged('d', bytes);
}

export interface RawMessage {
  exchange: string;
  routingKey: string;
  headers: RawEntries;
  body: Buffer;
  messageId: string;
  timestamp: number;
}

/** Publishes a persistent message with exactly these headers; resolves when the broker has confirmed it. */
export async function publishRaw(channel: ConfirmChannel, message: RawMessage): Promise<void> {
  const number = Reflect.get(channel, 'ch') as unknown;
  const { connection } = channel as unknown as { connection: { channels: unknown } };
  const own: unknown = Array.isArray(connection.channels) ? connection.channels[Number(number)] : undefined;
  const push: unknown = Reflect.get(channel, 'pushConfirmCallback');
  if (!isJsonObject(own) || !isWritable(own.buffer) || typeof push !== 'function')
    throw new Error('the internals of the AMQP client have changed: adapt publishRaw()');
  const { buffer } = own;
  await new Promise<void>((resolve, reject) => {
    Reflect.apply(push, channel, [
      (refused: unknown) => (refused ? reject(new Error('not confirmed')) : resolve()),
    ]);
    buffer.write(framesOf(Number(number), message));
  });
}

function isWritable(value: unknown): value is { write: (bytes: Buffer) => void } {
  return isJsonObject(value) && typeof value.write === 'function';
}

const frameTypes = { method: 1, header: 2, body: 3 };
const basicClass = 60;
const publishMethod = 40;
const persistent = 2;
/** Content type, headers, delivery mode, message id and timestamp. */
const propertyFlags = 0x8000 | 0x2000 | 0x1000 | 0x0080 | 0x0040;
const largestBody = 100_000;

function framesOf(channel: number, message: RawMessage): Buffer {
  const { exchange, routingKey, headers, body, messageId, timestamp } = message;
  const frame = (type: number, payload: Buffer): Buffer =>
    Buffer.concat([Buffer.from([type, channel >> 8, channel & 0xff]), sized(payload), Buffer.from([0xce])]);
  const method = Buffer.concat([
    twoBytes(basicClass),
    twoBytes(publishMethod),
    twoBytes(0),
    shortText(exchange),
    shortText(routingKey),
    Buffer.from([0]),
  ]);
  const header = Buffer.concat([
    twoBytes(basicClass),
    twoBytes(0),
    eightBytes(BigInt(body.length)),
    twoBytes(propertyFlags),
    shortText('application/json'),
    tableOf(headers),
    Buffer.from([persistent]),
    shortText(messageId),
    eightBytes(BigInt(timestamp)),
  ]);
  const bodies = [];
  for (let at = 0; at < body.length; at += largestBody)
    bodies.push(frame(frameTypes.body, body.subarray(at, at + largestBody)));
  return Buffer.concat([frame(frameTypes.method, method), frame(frameTypes.header, header), ...bodies]);
}

/** The bytes of a table, without their length. */
export const rawFields = (entries: RawEntries): Buffer =>
  Buffer.concat(entries.flatMap(([name, field]) => [shortText(name), field]));

function tableOf(entries: RawEntries): Buffer {
  return sized(rawFields(entries));
}

function tagged(letter: string, bytes: Buffer): RawField {
  return Buffer.concat([Buffer.from(letter), bytes]);
}

function sized(bytes: Buffer): Buffer {
  return Buffer.concat([lengthOf(bytes.length), bytes]);
}

function lengthOf(bytes: number): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes);
  return length;
}

function shortText(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function twoBytes(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

function eightBytes(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}
