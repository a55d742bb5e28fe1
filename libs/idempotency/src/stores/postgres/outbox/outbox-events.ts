import { Logger } from '@nestjs/common';
import type { BrokerUnavailableError, OutboxMessage } from '../../../outbox/outbox';

/** What happens to messages of the outbox in this process. */
export type OutboxEvent =
  /** The broker has confirmed it, so long after it was written, by the clock of the server. */
  | { readonly kind: 'published'; readonly message: OutboxMessage; readonly lagMs: number }
  /** It stays, and the later messages of its request wait. `failures` counts this one, too. */
  | {
      readonly kind: 'failed';
      readonly message: OutboxMessage;
      readonly error: unknown;
      readonly failures: number;
      readonly retryInMs: number;
    }
  /** Nothing can be published now. What waits is tried again about every second, and none of it counts a failure. */
  | { readonly kind: 'broker-unavailable'; readonly error: BrokerUnavailableError }
  /** The database refused a batch, or did not answer: what was published in it is published again. */
  | { readonly kind: 'database-failed'; readonly error: unknown };

export type OutboxListener = (event: OutboxEvent) => void;

/** Tells listeners, whose errors affect neither messages nor other listeners. */
export class OutboxEvents {
  private readonly logger = new Logger('OutboxRelay');
  private readonly listeners = new Set<OutboxListener>();

  on(listener: OutboxListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell(event: OutboxEvent): void {
    for (const listener of this.listeners) {
      try {
        listener(event);
      } catch (error) {
        this.logger.error({ err: error, event: event.kind }, 'A listener of outbox events failed');
      }
    }
  }
}
