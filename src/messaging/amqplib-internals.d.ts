/**
 * What the AMQP client does not export: its codec, which decides what can be written, and how it opens a connection.
 * Tested by the specs `encodable`, `message-copy`, `unwritable-headers`, `broker-at-start` and `joint-writes`.
 */
declare module 'amqplib/lib/codec' {
  interface Codec {
    /** Writes a table at the offset, and returns how many bytes it took; throws for what it cannot write. */
    encodeTable(buffer: Buffer, table: object, offset: number): number;
    /** Reads the fields of a table, without the four bytes that say its length. */
    decodeFields(bytes: Buffer): Record<string, unknown>;
  }
  const codec: Codec;
  export default codec;
}

declare module 'amqplib/lib/defs' {
  interface Definitions {
    readonly BasicProperties: number;
    encodeProperties(id: number, channel: number, contentBytes: number, properties: object): Buffer;
  }
  const definitions: Definitions;
  export default definitions;
}

declare module 'amqplib/lib/api_args' {
  interface Arguments {
    publish(exchange: string, routingKey: string, options: object): object;
  }
  const args: Arguments;
  export default args;
}

declare module 'amqplib/lib/connection' {
  import type { EventEmitter } from 'node:events';

  export class Connection extends EventEmitter {
    open: (this: Connection, fields: unknown, opened: unknown) => void;
  }
}

declare module 'amqplib/lib/mux' {
  import type { Readable, Writable } from 'node:stream';

  export class Mux {
    constructor(downstream: Writable);
    readonly out: Writable;
    _readIncoming: (this: Mux) => void;
    pipeFrom(readable: Readable): void;
  }
}
