import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import {
  fits,
  keyOf,
  KEYS,
  LEASE_MS,
  Run,
  step,
  tokenOf,
  TTL_SECONDS,
  type Model,
  type Step,
  type StoreUnderTest,
} from './key-model';

const OWNERS = ['a', 'b', 'c'];

function begin(key: string, owner: string, fingerprint: string | undefined): Step {
  return step(`begin(${key}, ${owner}, ${fingerprint})`, async (model, real) => {
    const known = keyOf(model, key);
    const ownerToken = `${owner}-${++model.begun}`;
    model.tokens.set(`${owner}.${key}`, ownerToken);
    const reply = await real.under.store.begin({
      ...real.name(key),
      ownerToken,
      leaseMs: LEASE_MS,
      ttlSeconds: TTL_SECONDS,
      fingerprint,
      requestedAt: undefined,
    });
    if (known.record) {
      if (!fits(known.record.fingerprint, fingerprint))
        return expect(reply).toEqual({ kind: 'idempotency-key-reused' });
      return expect(reply).toMatchObject({ kind: 'completed', record: { result: known.record.result } });
    }
    if (!fits(known.fingerprint, fingerprint))
      return expect(reply).toEqual({ kind: 'idempotency-key-reused' });
    if (known.lock !== undefined) return expect(reply).toMatchObject({ kind: 'in-progress' });
    known.lock = ownerToken;
    known.count++;
    known.fingerprint = fingerprint ?? known.fingerprint;
    expect(reply).toMatchObject({
      kind: 'acquired',
      claim: { fencingToken: known.count, attempt: known.count - known.uncounted },
    });
  });
}

function complete(key: string, owner: string, fingerprint: string | undefined): Step {
  return step(`complete(${key}, ${owner}, ${fingerprint})`, async (model, real) => {
    const known = keyOf(model, key);
    const ownerToken = tokenOf(model, owner, key);
    const result = `done by ${ownerToken}`;
    const reply = await real.under.store.complete({
      ...real.name(key),
      ownerToken,
      ttlSeconds: TTL_SECONDS,
      record: {
        processedAt: '2026-01-02T03:04:05.000Z',
        result,
        fencingToken: known.count,
        ...(fingerprint !== undefined && { fingerprint }),
      },
    });
    if (known.lock !== ownerToken) {
      expect(reply.kind).toBe('lost');
      return expect(reply.kind === 'lost' && reply.record?.result).toBe(known.record?.result);
    }
    expect(reply).toEqual({ kind: 'stored' });
    model.keys.set(key, { record: { result, fingerprint }, count: known.count, uncounted: known.uncounted });
  });
}

function extend(key: string, owner: string): Step {
  return step(`extend(${key}, ${owner})`, async (model, real) => {
    const ownerToken = tokenOf(model, owner, key);
    const reply = await real.under.store.extend({ ...real.name(key), ownerToken }, LEASE_MS);
    expect(reply).toBe(keyOf(model, key).lock === ownerToken ? 'extended' : 'lost');
  });
}

function release(key: string, owner: string, counting: 'counted' | 'uncounted'): Step {
  return step(`release(${key}, ${owner}, ${counting})`, async (model, real) => {
    const known = keyOf(model, key);
    const ownerToken = tokenOf(model, owner, key);
    const reply = await real.under.store.release({ ...real.name(key), ownerToken }, { counting });
    if (known.lock !== ownerToken) return expect(reply).toBe('lost');
    expect(reply).toBe('released');
    known.lock = undefined;
    if (counting === 'counted') return;
    known.uncounted++;
    if (known.uncounted === known.count) known.fingerprint = known.steps = undefined;
  });
}

function saveSteps(key: string, owner: string): Step {
  return step(`saveSteps(${key}, ${owner})`, async (model, real) => {
    const known = keyOf(model, key);
    const ownerToken = tokenOf(model, owner, key);
    const steps = JSON.stringify({ [ownerToken]: known.steps ?? null });
    const reply = await real.under.store.saveSteps({ ...real.name(key), ownerToken }, steps);
    if (known.lock !== ownerToken) return expect(reply).toBe('lost');
    expect(reply).toBe('saved');
    known.steps = steps;
  });
}

function loadSteps(key: string, owner: string): Step {
  return step(`loadSteps(${key}, ${owner})`, async (model, real) => {
    const { lock, steps } = keyOf(model, key);
    const ownerToken = tokenOf(model, owner, key);
    const reply = await real.under.store.loadSteps({ ...real.name(key), ownerToken });
    expect(reply).toEqual(lock === ownerToken ? { kind: 'loaded', steps } : { kind: 'lost' });
  });
}

function find(key: string): Step {
  return step(`find(${key})`, async (model, real) => {
    const known = keyOf(model, key);
    const { record, attempts, remainingLeaseMs } = await real.under.store.find(real.name(key));
    expect({ result: record?.result, attempts, isHeld: remainingLeaseMs !== undefined }).toEqual({
      result: known.record?.result,
      attempts: known.count,
      isHeld: known.lock !== undefined,
    });
    if (record) model.found.set(key, record);
  });
}

function replaceRecord(key: string, isFoundBefore: boolean): Step {
  return step(`replaceRecord(${key}, ${isFoundBefore})`, async (model, real) => {
    const { record } = keyOf(model, key);
    const found = isFoundBefore ? (await real.under.store.find(real.name(key))).record : undefined;
    // No two records of a run have the same result.
    const never = { processedAt: '', result: 'never stored', fencingToken: 0 };
    const from = found ?? model.found.get(key) ?? never;
    const result = `${String(from.result)}, later`;
    const reply = await real.under.store.replaceRecord(real.name(key), from, { ...from, result });
    expect(reply).toBe(record?.result === from.result ? 'replaced' : 'changed');
    if (record && reply === 'replaced') record.result = result;
  });
}

function forget(key: string): Step {
  return step(`forget(${key})`, async (model, real) => {
    const known = keyOf(model, key);
    await real.under.store.forget(real.name(key));
    if (known.lock === undefined) model.keys.delete(key);
    else delete known.record;
  });
}

const leasesEnd = step('leases end', async (model, real) => {
  await real.under.endLeases(real.names);
  for (const known of model.keys.values()) known.lock = undefined;
});

const allEnds = step('all ends', async (model, real) => {
  await real.under.endAll(real.names);
  model.keys.clear();
});

const aKey = fc.constantFrom(...KEYS);
const anOwner = fc.constantFrom(...OWNERS);
const aFingerprint = fc.constantFrom(undefined, 'this', 'that');

const steps: fc.Arbitrary<Step>[] = [
  fc.tuple(aKey, anOwner, aFingerprint).map((given) => begin(...given)),
  fc.tuple(aKey, anOwner, aFingerprint).map((given) => complete(...given)),
  fc.tuple(aKey, anOwner).map((given) => extend(...given)),
  fc.tuple(aKey, anOwner).map((given) => saveSteps(...given)),
  fc.tuple(aKey, anOwner).map((given) => loadSteps(...given)),
  fc
    .tuple(aKey, anOwner, fc.constantFrom('counted' as const, 'uncounted' as const))
    .map((given) => release(...given)),
  aKey.map(find),
  fc.tuple(aKey, fc.boolean()).map((given) => replaceRecord(...given)),
  aKey.map(forget),
  fc.constant(leasesEnd),
  fc.constant(allEnds),
];

/** Checks that the store replies as the model predicts, for any order of steps by several owners on two keys. */
export async function expectStoreAsModelled(
  open: () => StoreUnderTest | Promise<StoreUnderTest>,
  { numRuns }: { numRuns: number },
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.commands(steps, { maxCommands: 60, size: 'max' }), async (commands) => {
      const real = new Run(await open(), randomUUID());
      const model: Model = { keys: new Map(), tokens: new Map(), found: new Map(), begun: 0 };
      await fc.asyncModelRun(() => ({ model, real }), commands);
    }),
    { numRuns },
  );
}
