import type { Writable } from 'node:stream';
import { connect } from 'amqplib';
import type { Channel } from 'amqplib';

/** One entry of a header table, as bytes: what senders can write in other languages, and the client of this one cannot. */
export type RawEntry = Buffer;

const bytesOfLength = (length: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes;
};
const withLength = (bytes: Buffer): Buffer => Buffer.concat([bytesOfLength(bytes.length), bytes]);

/** Values of header tables (https://www.rabbitmq.com/amqp-0-9-1-errata, section 3). */
export const raw = {
  text: (text: string): Buffer => Buffer.concat([Buffer.from('S'), withLength(Buffer.from(text))]),
  bytes: (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from('x'), withLength(Buffer.from(bytes))]),
  nothing: Buffer.from('V'),
  boolean: (value: boolean): Buffer => Buffer.from(['t'.charCodeAt(0), Number(value)]),
  double: (value: number): Buffer => {
    const bytes = Buffer.alloc(9, 'd');
    bytes.writeDoubleBE(value, 1);
    return bytes;
  },
  long: (value: bigint): Buffer => {
    const bytes = Buffer.alloc(9, 'l');
    bytes.writeBigInt64BE(value, 1);
    return bytes;
  },
  timestamp: (value: bigint): Buffer => {
    const bytes = Buffer.alloc(9, 'T');
    bytes.writeBigUInt64BE(value, 1);
    return bytes;
  },
  decimal: (places: number, digits: number): Buffer =>
    Buffer.concat([Buffer.from(['D'.charCodeAt(0), places]), bytesOfLength(digits)]),
  table: (...entries: RawEntry[]): Buffer =>
    Buffer.concat([Buffer.from('F'), withLength(Buffer.concat(entries))]),
  array: (...values: Buffer[]): Buffer =>
    Buffer.concat([Buffer.from('A'), withLength(Buffer.concat(values))]),
  /** Arrays in arrays, without making them by recursion. */
  nested: (levels: number): Buffer => {
    const size = 5;
    const bytes = Buffer.alloc(levels * size, 'A');
    for (let level = 0; level < levels; level++)
      bytes.writeUInt32BE((levels - level - 1) * size, level * size + 1);
    return bytes;
  },
};

export function rawEntry(name: string, value: Buffer): RawEntry {
  return Buffer.concat([shortText(name), value]);
}

interface RawMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly headers: readonly RawEntry[];
  readonly body: string;
}

const frameEnd = 0xce;
const methodFrame = 1;
const headerFrame = 2;
const bodyFrame = 3;
const basic = 60;
const publish = 40;
const hasHeadersAndDeliveryMode = 0x2000 | 0x1000;
const persistent = 2;

/** Publishes messages whose header tables are given as bytes; resolves when the broker has taken them all. */
export async function publishRaw(url: string, messages: readonly RawMessage[]): Promise<void> {
  const connection = await connect(url);
  // What RabbitMQ itself cannot read ends the connection, and so what is awaited below.
  connection.on('error', () => undefined);
  try {
    const channel = await connection.createChannel();
    for (const message of messages) write(channel, message);
    // Answered on the same channel, so after all of them.
    await channel.checkExchange('amq.topic');
  } finally {
    await connection.close().catch(() => undefined);
  }
}

function write(channel: Channel, { exchange, routingKey, headers, body }: RawMessage): void {
  const { ch, connection } = channel as unknown as { ch: number; connection: { stream: Writable } };
  const content = Buffer.from(body);
  const properties = Buffer.alloc(14);
  properties.writeUInt16BE(basic, 0);
  properties.writeBigUInt64BE(BigInt(content.length), 4);
  properties.writeUInt16BE(hasHeadersAndDeliveryMode, 12);
  const table = withLength(Buffer.concat(headers));
  connection.stream.write(
    Buffer.concat([
      frame(methodFrame, ch, basicPublish(exchange, routingKey)),
      frame(headerFrame, ch, Buffer.concat([properties, table, Buffer.from([persistent])])),
      frame(bodyFrame, ch, content),
    ]),
  );
}

function basicPublish(exchange: string, routingKey: string): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt16BE(basic, 0);
  head.writeUInt16BE(publish, 2);
  const noFlags = Buffer.alloc(1);
  return Buffer.concat([head, shortText(exchange), shortText(routingKey), noFlags]);
}

function shortText(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function frame(type: number, channel: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(7);
  head.writeUInt8(type, 0);
  head.writeUInt16BE(channel, 1);
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.from([frameEnd])]);
}
