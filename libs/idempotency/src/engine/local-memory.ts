import { LRU } from 'tiny-lru';
import type { IdempotencyRecord, ScopedKey } from '../stores/idempotency-store';
import { fitsRecord, readRecord } from '../stores/stored-record';

/** Bounds of the records that one process keeps in its memory. */
export interface LocalMemoryOptions {
  /** How many finished keys to keep; the least recently used ones are removed first. */
  readonly maxEntries: number;
  /** How long an entry lives at most, in seconds. Until then, a record that another process deleted still answers here. */
  readonly ttlSeconds: number;
}

/** Records of finished keys, held in this process to answer duplicates without the store. Never keys in progress. */
export class LocalMemory {
  /** JSON text, as in a store: later changes of a result object do not change its record. */
  private readonly records: LRU<string>;

  constructor({ maxEntries, ttlSeconds }: LocalMemoryOptions) {
    this.records = new LRU(maxEntries, ttlSeconds * 1000, true);
  }

  /** @param text of the record, see `writeRecord` */
  remember(name: ScopedKey, text: string): void {
    this.records.set(nameOf(name), text);
  }

  recall(
    name: ScopedKey,
    fingerprint: string | undefined,
  ): IdempotencyRecord | 'idempotency-key-reused' | undefined {
    const stored = this.records.get(nameOf(name));
    if (stored === undefined) return undefined;
    const record = readRecord(stored);
    return fitsRecord(record, fingerprint) ? record : 'idempotency-key-reused';
  }

  forget(name: ScopedKey): void {
    this.records.delete(nameOf(name));
  }
}

function nameOf({ scope, key }: ScopedKey): string {
  return `${scope}:${key}`;
}
