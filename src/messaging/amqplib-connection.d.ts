/** What the client library has inside; its types leave it out. */
declare module 'amqplib/lib/connection' {
  import type { EventEmitter } from 'node:events';

  export class Connection extends EventEmitter {
    open: (this: Connection, fields: unknown, opened: unknown) => void;
  }
}
