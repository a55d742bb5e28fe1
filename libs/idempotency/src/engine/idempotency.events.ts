import { Injectable, Logger } from '@nestjs/common';
import type { ScopedKey, StoreWarning } from '../stores/idempotency-store';

/** What happens to a key or is wrong with the store, for logs and metrics: the engine itself writes neither. */
export type IdempotencyEvent = KeyEvent | StoreEvent;

/**
 * A probe has found that the store may lose records. Each warning once, and again if it was gone in between. It has neither
 * scope nor key.
 */
export interface StoreEvent {
  readonly kind: 'store-warning';
  readonly warning: StoreWarning;
  readonly scope?: undefined;
  readonly key?: undefined;
}

/** What happens to a key. */
export type KeyEvent = ScopedKey &
  (
    | { readonly kind: 'acquired'; readonly attempt: number; readonly fencingToken: number }
    | { readonly kind: 'completed'; readonly fencingToken: number; readonly result: unknown }
    | {
        readonly kind: 'replayed';
        readonly from: 'store' | 'running-call' | 'memory';
        readonly result: unknown;
        /** Of the run that made the result; see `IdempotencyModuleOptions.origin`. */
        readonly origin: string | undefined;
      }
    | { readonly kind: 'in-progress'; readonly remainingMs: number }
    | { readonly kind: 'idempotency-key-reused' }
    | { readonly kind: 'retries-exhausted'; readonly attempts: number }
    | { readonly kind: 'outside-deduplication-window' }
    | { readonly kind: 'from-the-future'; readonly aheadMs: number }
    | { readonly kind: 'released' }
    | { readonly kind: 'lease-renewed' }
    | { readonly kind: 'lease-lost' }
    /** The database refused a transaction because of others, and it is run again. */
    | { readonly kind: 'transaction-repeated'; readonly error: unknown }
    /** Work was finished after its lease was lost; the record of the new owner counts. */
    | { readonly kind: 'completion-refused'; readonly sameResult: boolean | undefined }
    | { readonly kind: 'store-unavailable'; readonly step: string; readonly error: unknown }
  );

type Listener = (event: IdempotencyEvent) => void;

/**
 * The events of all keys in this process, and of the store. Listeners run synchronously; an error of a listener is logged and affects neither
 * the work nor other listeners.
 *
 * @example
 * events.on(({ kind, scope }) => counter.inc({ kind, scope }));
 */
@Injectable()
export class IdempotencyEvents {
  private readonly logger = new Logger(IdempotencyEvents.name);
  private readonly listeners = new Set<Listener>();

  /** Subscribes; returns the function that ends the subscription. */
  on(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** For the engine only. */
  emit({ scope, key }: ScopedKey, details: WithoutName<KeyEvent>): void {
    if (this.listeners.size > 0) this.tell({ scope, key, ...details });
  }

  /** For the engine only. */
  emitWarning(warning: StoreWarning): void {
    this.tell({ kind: 'store-warning', warning });
  }

  private tell(event: IdempotencyEvent): void {
    for (const listener of this.listeners) {
      try {
        listener(event);
      } catch (error) {
        this.logger.error({ err: error, event: event.kind }, 'A listener of idempotency events failed');
      }
    }
  }
}

type WithoutName<Event> = Event extends unknown ? Omit<Event, keyof ScopedKey> : never;
