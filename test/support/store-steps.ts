import { randomUUID } from 'node:crypto';
import { StoreUnavailableError } from '../../src/idempotency';
import type { BeginRequest, IdempotencyRecord, IdempotencyStore } from '../../src/idempotency';

/** A request to begin a key as somebody new. */
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

/** Begins and completes a key; `lost` where a failover took the lease along. */
export async function finish(store: IdempotencyStore, key: string): Promise<'stored' | 'lost'> {
  const request = aBegin(key);
  const begun = await store.begin(request);
  if (begun.kind !== 'acquired') throw new Error(`${key} was not acquired but ${begun.kind}`);
  const { kind } = await store.complete({ ...request, record: aRecord({ result: key }) });
  return kind;
}

/** What a step came to while servers fail: its reply, or that it was not confirmed. Anything else is a defect. */
export async function unlessUnavailable<T>(step: Promise<T>): Promise<T | 'unavailable'> {
  try {
    return await step;
  } catch (error) {
    if (error instanceof StoreUnavailableError) return 'unavailable';
    throw error;
  }
}

const BETWEEN_FAILURES_MS = 10;

/** Finishes fresh keys one after the other until it is stopped, through all failures. */
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

  /** Resolves when the work under way is through; rejects if a step had a wrong answer. */
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

/** Those of the keys whose records are not there. */
export async function missingRecords(store: IdempotencyStore, keys: readonly string[]): Promise<string[]> {
  const findings = await Promise.all(
    keys.map(async (key) => ({ key, record: (await store.find({ scope: 'payment', key })).record })),
  );
  return findings.filter(({ key, record }) => record?.result !== key).map(({ key }) => key);
}
