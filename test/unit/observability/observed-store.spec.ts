import { Registry } from 'prom-client';
import { MemoryIdempotencyStore, StoreUnavailableError } from 'nestjs-idempotent';
import { ObservedStore } from '../../../src/observability/metrics/observed-store';

const METRIC = 'idempotency_store_step_duration_seconds_count';

class FailingStore extends MemoryIdempotencyStore {
  override async probe(): Promise<never> {
    throw new StoreUnavailableError('probe', new Error('gone'));
  }
}

describe('a store that is observed', () => {
  it('passes on the failure of a step, and counts it', async () => {
    const registry = new Registry();
    await expect(new ObservedStore(new FailingStore(), registry).probe()).rejects.toThrow('gone');
    expect(await registry.metrics()).toContain(`${METRIC}{step="probe",result="failed"} 1`);
  });

  it('passes on the answer of a step, and counts it', async () => {
    const registry = new Registry();
    const store = new ObservedStore(new MemoryIdempotencyStore(), registry);
    expect(await store.find({ scope: 'payment', key: 'key' })).toMatchObject({ attempts: 0 });
    expect(await registry.metrics()).toContain(`${METRIC}{step="find",result="ok"} 1`);
  });

  it('passes on both records of a replacement', async () => {
    const registry = new Registry();
    const store = new ObservedStore(new MemoryIdempotencyStore(), registry);
    const owner = { scope: 'payment', key: 'key', ownerToken: 'mine' };
    const record = { processedAt: '2026-01-02T03:04:05.678Z', result: 'pending', fencingToken: 1 };
    const life = { ttlSeconds: 60, leaseMs: 1_000 };
    await store.begin({ ...owner, ...life, fingerprint: undefined, requestedAt: undefined });
    await store.complete({ ...owner, ...life, record });
    expect(await store.replaceRecord(owner, record, { ...record, result: 'paid' })).toBe('replaced');
    expect(await store.find(owner)).toMatchObject({ record: { result: 'paid' } });
    expect(await registry.metrics()).toContain(`${METRIC}{step="replaceRecord",result="ok"} 1`);
  });
});
