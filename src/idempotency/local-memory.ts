import { LRUCache } from 'lru-cache';
import type { IdempotencyRecord } from './store/idempotency-store';
import { fitsRecord } from './store/stored-record';

export interface LocalMemoryOptions {
  /** How many finished keys to remember; the least recently used go first. */
  readonly maxEntries: number;
  /** For how long at most, in seconds: until then a record that was deleted elsewhere still answers here. */
  readonly ttlSeconds: number;
}

/** Records of finished keys, held in this process to answer duplicates without the store. Never keys in progress. */
export class LocalMemory {
  private readonly records: LRUCache<string, IdempotencyRecord>;

  constructor({ maxEntries, ttlSeconds }: LocalMemoryOptions) {
    this.records = new LRUCache({ max: maxEntries, ttl: ttlSeconds * 1000 });
  }

  remember(name: string, record: IdempotencyRecord): void {
    this.records.set(name, record);
  }

  recall(name: string, fingerprint: string | undefined): IdempotencyRecord | 'mismatch' | undefined {
    const record = this.records.get(name);
    if (!record) return undefined;
    return fitsRecord(record, fingerprint) ? record : 'mismatch';
  }

  forget(name: string): void {
    this.records.delete(name);
  }
}
