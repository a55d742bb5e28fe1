import { randomUUID } from 'node:crypto';
import { StoreUnavailableError } from 'nestjs-idempotent';
import type { BeginRequest, IdempotencyRecord, IdempotencyStore } from 'nestjs-idempotent';

/** A request to begin a key with a new owner token. */
export function aBegin(key: string, fields: Partial<BeginRequest> = {}): BeginRequest {
  return {
    scope: 'payment',
    key,
    ownerToken: randomUUID(),
    leaseMs: 60_000,
    ttlSeconds: 600,
    fingerprint: undefined,
    requestedAt: undefined,
    ...fields,
  };
}

export function aRecord(fields: Partial<IdempotencyRecord> = {}): IdempotencyRecord {
  return { processedAt: new Date().toISOString(), result: { paid: true }, fencingToken: 1, ...fields };
}

/** Begins and completes a key; `lost` if a failover lost the lease. */
export async function finish(store: IdempotencyStore, key: string): Promise<'stored' | 'lost'> {
  const request = aBegin(key);
  const begun = await store.begin(request);
  if (begun.kind !== 'acquired') throw new Error(`${key} was not acquired but ${begun.kind}`);
  const { kind } = await store.complete({ ...request, record: aRecord({ result: key }) });
  return kind;
}

/** The reply of a step while servers fail, or `unavailable`. Any other error is a defect. */
export async function unlessUnavailable<T>(step: Promise<T>): Promise<T | 'unavailable'> {
  try {
    return await step;
  } catch (error) {
    if (error instanceof StoreUnavailableError) return 'unavailable';
    throw error;
  }
}

const BETWEEN_FAILURES_MS = 10;

/** Finishes new keys one after the other, also during failures, until it is stopped. */
export class StoreLoad {
  /** Keys whose completion was confirmed. */
  readonly acknowledged: string[] = [];
  private running = true;
  private readonly wrongAnswers: unknown[] = [];
  private readonly workers: Promise<void>[];

  constructor(
    private readonly store: IdempotencyStore,
    workers = 8,
  ) {
    this.workers = Array.from({ length: workers }, () =>
      this.work().catch((error: unknown) => void this.wrongAnswers.push(error)),
    );
  }

  /** Resolves when the current work is finished; rejects if a step had a wrong reply. */
  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.workers);
    if (this.wrongAnswers.length > 0) throw this.wrongAnswers[0];
  }

  private async work(): Promise<void> {
    while (this.running) {
      const key = randomUUID();
      const end = await unlessUnavailable(finish(this.store, key));
      if (end === 'stored') this.acknowledged.push(key);
      else await new Promise((resolve) => setTimeout(resolve, BETWEEN_FAILURES_MS));
    }
  }
}

/** Thousands of keys at once would wait longer in the client than a command may take on a busy machine. */
const READS_AT_ONCE = 50;

/** The keys without a record. */
export async function missingRecords(store: IdempotencyStore, keys: readonly string[]): Promise<string[]> {
  const missing: string[] = [];
  for (let at = 0; at < keys.length; at += READS_AT_ONCE) {
    const findings = await Promise.all(
      keys.slice(at, at + READS_AT_ONCE).map(async (key) => ({
        key,
        record: (await store.find({ scope: 'payment', key })).record,
      })),
    );
    missing.push(...findings.filter(({ key, record }) => record?.result !== key).map(({ key }) => key));
  }
  return missing;
}
