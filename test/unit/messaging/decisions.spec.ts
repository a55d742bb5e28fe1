import { StoreUnavailableError, type Failure } from 'nestjs-idempotent';
import { attemptsOf, decideCommon } from '../../../src/messaging/disposition';

type Common = Exclude<Failure, { code: 'work-failed' }>;

function decide(failure: Common) {
  return decideCommon(failure, { attempts: 5, attemptsBeforeReplay: 0 }, 'sent');
}

describe('a temporary failure', () => {
  it.each<Common>([
    { kind: 'failed', code: 'in-progress', remainingMs: 10_000 },
    { kind: 'failed', code: 'lease-lost' },
    { kind: 'failed', code: 'store-unavailable', error: new StoreUnavailableError('begin', 'gone') },
  ])('delays the message with the same reason: $code', (failure) => {
    expect(decide(failure)).toMatchObject({
      disposition: { kind: 'delay', reason: failure.code, attempts: 5 },
      counts: false,
    });
  });

  it('pauses consumption only if the store is unavailable', () => {
    const error = new StoreUnavailableError('begin', 'gone');
    expect([
      decide({ kind: 'failed', code: 'store-unavailable', error }).pause,
      decide({ kind: 'failed', code: 'lease-lost' }).pause,
    ]).toEqual(['store', undefined]);
  });
});

describe('a permanent failure', () => {
  it.each<{ failure: Common; reason: string }>([
    {
      failure: { kind: 'failed', code: 'missing-idempotency-key', error: 'why' },
      reason: 'missing-idempotency-key',
    },
    {
      failure: { kind: 'failed', code: 'invalid-idempotency-key', error: 'why' },
      reason: 'invalid-idempotency-key',
    },
    { failure: { kind: 'failed', code: 'missing-timestamp', error: 'why' }, reason: 'invalid-message' },
    {
      failure: { kind: 'failed', code: 'invalid-request', error: new Error('why') },
      reason: 'invalid-message',
    },
  ])('of an invalid request makes it a dead letter: $failure.code', ({ failure, reason }) => {
    expect(decide(failure)).toEqual({
      disposition: { kind: 'dead-letter', reason, detail: 'why', attempts: 5 },
      counts: false,
    });
  });

  it('of a key without attempts left is no attempt of its own', () => {
    expect(decide({ kind: 'failed', code: 'retries-exhausted', attempts: 10 })).toMatchObject({
      disposition: { kind: 'dead-letter', reason: 'retries-exhausted', attempts: 10 },
      counts: false,
    });
  });

  it('of a reused key has a detail that says so', () => {
    expect(decide({ kind: 'failed', code: 'idempotency-key-reused' }).disposition).toMatchObject({
      kind: 'dead-letter',
      reason: 'idempotency-key-reused',
      detail: 'the key was used before with another payload',
    });
  });

  it('of a message outside the deduplication window has a detail that says what may have happened', () => {
    expect(decide({ kind: 'failed', code: 'outside-deduplication-window' }).disposition).toMatchObject({
      kind: 'dead-letter',
      reason: 'outside-deduplication-window',
      detail: expect.stringContaining('may have been sent and forgotten'),
    });
  });
});

describe('work that failed', () => {
  const failed = { kind: 'failed', code: 'work-failed', error: 'why' } as const;

  it('has the attempt number that the engine counted', () => {
    const history = { attempts: 7, attemptsBeforeReplay: 0 };
    expect(attemptsOf({ ...failed, attempt: 3 }, history)).toEqual({ attempt: 3, forgiven: 0 });
  });

  it('has the attempt number of the headers plus one if the engine could not count', () => {
    const history = { attempts: 7, attemptsBeforeReplay: 0 };
    expect(attemptsOf({ ...failed, attempt: 0 }, history).attempt).toBe(8);
  });

  it.each([0, 9])('has the forgiven attempts of its key, not the %d of its header', (said) => {
    const history = { attempts: 7, attemptsBeforeReplay: said };
    expect(attemptsOf({ ...failed, attempt: 6, forgivenAttempts: 4 }, history).forgiven).toBe(4);
  });

  it.each([
    { said: 6, forgiven: 6 },
    { said: 7, forgiven: 7 },
    { said: 8, forgiven: 0 },
  ])(
    'has the $said forgiven attempts of its header only if that is possible, if the engine could not count',
    ({ said, forgiven }) => {
      const history = { attempts: 7, attemptsBeforeReplay: said };
      expect(attemptsOf({ ...failed, attempt: 0 }, history).forgiven).toBe(forgiven);
    },
  );
});
