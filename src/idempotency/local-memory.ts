import { LRUCache } from 'lru-cache';
import type { IdempotencyRecord } from './store/idempotency-store';
import { fitsRecord, readRecord, writeRecord } from './store/stored-record';

export interface LocalMemoryOptions {
  /** How many finished keys to remember; the least recently used go first. */
  readonly maxEntries: number;
  /** For how long at most, in seconds: until then a record that was deleted elsewhere still answers here. */
  readonly ttlSeconds: number;
}

/** Records of finished keys, held in this process to answer duplicates without the store. Never keys in progress. */
export class LocalMemory {
  /** As a store would hold them: what somebody does to a result afterwards changes nothing here. */
  private readonly records: LRUCache<string, string>;

  constructor({ maxEntries, ttlSeconds }: LocalMemoryOptions) {
    this.records = new LRUCache({ max: maxEntries, ttl: ttlSeconds * 1000 });
  }

  remember(name: string, record: IdempotencyRecord): void {
    this.records.set(name, writeRecord(record));
  }

  recall(
    name: string,
    fingerprint: string | undefined,
  ): IdempotencyRecord | 'idempotency-key-reused' | undefined {
    const stored = this.records.get(name);
    if (stored === undefined) return undefined;
    const record = readRecord(stored);
    return fitsRecord(record, fingerprint) ? record : 'idempotency-key-reused';
  }

  forget(name: string): void {
    this.records.delete(name);
  }
}
