import { Injectable } from '@nestjs/common';
import type { WorkQueue } from './topology';

/** Fields of log lines about a message, as they are at that moment. */
export type LogFields = () => Readonly<Record<string, unknown>>;

/**
 * The log fields of messages in flight, for code that knows only the key. An `AsyncLocalStorage` would find them everywhere,
 * but makes every promise of a process under Node.js 20 slower.
 */
@Injectable()
export class MessagesInFlight {
  private readonly fields = new Map<string, LogFields[]>();

  /** Copies of a message may be in flight at the same time. Call the returned function when this one is settled. */
  add({ name: queue }: WorkQueue, key: string, fields: LogFields): () => void {
    const name = nameOf(queue, key);
    const known = this.fields.get(name);
    if (known) known.push(fields);
    else this.fields.set(name, [fields]);
    return () => this.remove(name, fields);
  }

  /** @param key the idempotency key that the message has */
  logFieldsOf({ name: queue }: WorkQueue, key: string): Readonly<Record<string, unknown>> | undefined {
    return this.fields.get(nameOf(queue, key))?.at(-1)?.();
  }

  private remove(name: string, fields: LogFields): void {
    const others = this.fields.get(name)?.filter((one) => one !== fields) ?? [];
    if (others.length > 0) this.fields.set(name, others);
    else this.fields.delete(name);
  }
}

/** Names of queues have no space. */
function nameOf(queue: string, key: string): string {
  return `${queue} ${key}`;
}
