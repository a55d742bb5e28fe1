import { StoreUnavailableError, type Failure } from '../../../src/idempotency';
import { attemptsOf, decideCommon } from '../../../src/messaging/disposition';

type Common = Exclude<Failure, { code: 'work-failed' }>;

function decide(failure: Common) {
  return decideCommon(failure, { attempts: 5, attemptsBeforeReplay: 0 }, 'sent');
}

describe('a failure that may be over soon', () => {
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

describe('a failure that stays', () => {
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
  ])('of the request itself is a dead letter: $failure.code', ({ failure, reason }) => {
    expect(decide(failure).disposition).toEqual({ kind: 'dead-letter', reason, detail: 'why', attempts: 5 });
  });

  it('of a key that another payload has used says so', () => {
    expect(decide({ kind: 'failed', code: 'idempotency-key-reused' }).disposition).toMatchObject({
      kind: 'dead-letter',
      reason: 'idempotency-key-reused',
      detail: 'the key was used before with another payload',
    });
  });

  it('of a message that is too old says what may have happened to it', () => {
    expect(decide({ kind: 'failed', code: 'outside-deduplication-window' }).disposition).toMatchObject({
      kind: 'dead-letter',
      reason: 'outside-deduplication-window',
      detail: expect.stringContaining('may have been sent and forgotten'),
    });
  });
});

describe('work that failed', () => {
  const failed = { kind: 'failed', code: 'work-failed', error: 'why' } as const;

  it('is the attempt that the engine counted', () => {
    const history = { attempts: 7, attemptsBeforeReplay: 0 };
    expect(attemptsOf({ ...failed, attempt: 3 }, history)).toEqual({ attempt: 3, forgiven: 0 });
  });

  it('is one attempt more than the headers say if the engine could not count', () => {
    const history = { attempts: 7, attemptsBeforeReplay: 0 };
    expect(attemptsOf({ ...failed, attempt: 0 }, history).attempt).toBe(8);
  });

  it.each([0, 9])('has as many forgiven attempts as its key, not %d as its header says', (said) => {
    const history = { attempts: 7, attemptsBeforeReplay: said };
    expect(attemptsOf({ ...failed, attempt: 6, forgivenAttempts: 4 }, history).forgiven).toBe(4);
  });

  it.each([
    { said: 6, forgiven: 6 },
    { said: 7, forgiven: 7 },
    { said: 8, forgiven: 0 },
  ])(
    'that the engine could not count has the $said forgiven attempts of its header only if that can be true',
    ({ said, forgiven }) => {
      const history = { attempts: 7, attemptsBeforeReplay: said };
      expect(attemptsOf({ ...failed, attempt: 0 }, history).forgiven).toBe(forgiven);
    },
  );
});
