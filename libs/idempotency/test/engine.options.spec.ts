import { Test } from '@nestjs/testing';
import { IdempotencyModule, MemoryIdempotencyStore, type IdempotencyModuleOptions } from '../src';
import { checkEngine, checkRun, wrongTimes } from '../src/engine/engine.options';

const store = new MemoryIdempotencyStore();
const base = { store, ttlSeconds: 60, leaseMs: 5_000 };
const DAYS_25_MS = 25 * 86_400_000;

describe('the times of the module', () => {
  it.each<Partial<IdempotencyModuleOptions>>([
    {},
    { leaseMs: 60_000 },
    { ttlSeconds: 2 ** 31 - 1, leaseMs: 2 ** 31 - 1 },
    { maxWorkMs: 1 },
    { clockToleranceMs: 0 },
    { localMemory: { maxEntries: 1, ttlSeconds: 1 } },
  ])('may be %j', (options) => {
    expect(() => checkEngine({ ...base, ...options })).not.toThrow();
  });

  it.each<{ options: Partial<IdempotencyModuleOptions>; says: string }>([
    {
      options: { ttlSeconds: 2 ** 31 - 1, leaseMs: DAYS_25_MS },
      says: 'leaseMs must be a whole number from 1',
    },
    { options: { ttlSeconds: 2 ** 31 }, says: 'ttlSeconds must be a whole number from 1 to 2147483647' },
    { options: { maxWorkMs: DAYS_25_MS }, says: 'maxWorkMs must be a whole number from 1' },
    { options: { maxWorkMs: 0 }, says: 'maxWorkMs must be a whole number from 1' },
    { options: { clockToleranceMs: DAYS_25_MS }, says: 'clockToleranceMs must be a whole number from 0' },
    {
      options: { leaseMs: 60_001 },
      says: 'leaseMs (60001 ms) must not be longer than ttlSeconds (60 s), the life of the record',
    },
    { options: { localMemory: { maxEntries: 0, ttlSeconds: 1 } }, says: 'localMemory.maxEntries' },
    { options: { localMemory: { maxEntries: 1, ttlSeconds: -1 } }, says: 'localMemory.ttlSeconds' },
  ])('fail the start if they are wrong: $says', ({ options, says }) => {
    expect(() => checkEngine({ ...base, ...options })).toThrow(`IdempotencyModule: ${says}`);
  });
});

describe('the times of one run', () => {
  it.each([
    { options: { leaseMs: 60_001 }, says: 'leaseMs (60001 ms) must not be longer than ttlSeconds (60 s)' },
    { options: { ttlSeconds: 4 }, says: 'leaseMs (5000 ms) must not be longer than ttlSeconds (4 s)' },
    { options: { maxWorkMs: 1.5 }, says: 'maxWorkMs must be a whole number from 1' },
    { options: { inProgressWaitMs: -1 }, says: 'inProgressWaitMs must be a whole number from 0' },
    { options: { inProgressWaitMs: Infinity }, says: 'inProgressWaitMs must be a whole number from 0' },
  ])('are refused together with the times of the module: $says', ({ options, says }) => {
    expect(() => checkRun({ scope: 'order', ...options }, base)).toThrow(`options of run(): ${says}`);
  });

  it('may be longer than those of the module, together', () => {
    expect(() => checkRun({ scope: 'order', ttlSeconds: 600, leaseMs: 600_000 }, base)).not.toThrow();
  });
});

describe('times that are not set', () => {
  it('are not wrong', () => {
    expect(wrongTimes({}).filter(Boolean)).toEqual([]);
  });
});

describe('a module without a store', () => {
  it.each([{ store: undefined }, { store: null }, { store: {} }, { store: 'redis://localhost' }])(
    'fails the start, and says what a store is: %j',
    async (options) => {
      const wrong = { ...base, ...options } as unknown as IdempotencyModuleOptions;
      const start = Test.createTestingModule({ imports: [IdempotencyModule.forRoot(wrong)] }).compile();
      await expect(start).rejects.toThrow(
        'IdempotencyModule: store must be an IdempotencyStore, such as new RedisIdempotencyStore(redis)',
      );
    },
  );
});

describe('transactions', () => {
  const transactions = { run: <T>(work: (transaction: never) => Promise<T>) => work(undefined as never) };

  it('need a store in the same database', () => {
    expect(() => checkEngine({ ...base, transactions })).toThrow(
      'transactions need a store in the same database, such as new PostgresIdempotencyStore(pool)',
    );
  });

  it('must be an adapter, not a pool', () => {
    expect(() => checkEngine({ ...base, transactions: {} as typeof transactions })).toThrow(
      'transactions must be an adapter, such as pgTransactions(pool)',
    );
  });
});
