import { StoreUnavailableError, type Failure } from '../../../src/idempotency';
import { dispositionOfFailure, tryAgain, type FailedAttempt } from '../../../src/messaging/failure.policy';

/** What is handed on to the work's own judgement. */
function handedOn(
  counts: { attempt: number; forgivenAttempts?: number },
  history: { attempts: number; attemptsBeforeReplay: number },
): FailedAttempt {
  const failures: FailedAttempt[] = [];
  const outcome: Failure = { kind: 'failed', error: 'why', ...counts };
  dispositionOfFailure(outcome, history, {
    done: 'sent',
    dispositionOfFailedWork: (failed) => {
      failures.push(failed);
      return tryAgain(failed, { policy: { maxAttempts: 8, random: () => 1 }, reason: 'attempt-failed' });
    },
  });
  const [failed] = failures;
  if (!failed) throw new Error('nothing was handed on');
  return failed;
}

function dispositionOf(outcome: Failure) {
  const history = { attempts: 5, attemptsBeforeReplay: 0 };
  const never = (): never => {
    throw new Error('the work was not asked for');
  };
  return dispositionOfFailure(outcome, history, { done: 'sent', dispositionOfFailedWork: never });
}

describe('why a message waits', () => {
  it.each<{ outcome: Failure; reason: string }>([
    { outcome: { kind: 'in-progress', remainingMs: 10_000 }, reason: 'in-progress' },
    { outcome: { kind: 'lease-lost' }, reason: 'lease-lost' },
    {
      outcome: { kind: 'store-unavailable', error: new StoreUnavailableError('begin', 'gone') },
      reason: 'store-unavailable',
    },
  ])('is said for $outcome.kind', ({ outcome, reason }) => {
    expect(dispositionOf(outcome)).toMatchObject({ kind: 'delay', reason });
  });
});

describe('why a message is a dead letter', () => {
  it('is said for another payload under its key', () => {
    expect(dispositionOf({ kind: 'idempotency-key-reused' })).toMatchObject({
      kind: 'dead-letter',
      reason: 'idempotency-key-reused',
      detail: 'the key was used before with another payload',
    });
  });

  it('is said for its age, in the words of the work', () => {
    expect(dispositionOf({ kind: 'outside-deduplication-window' })).toMatchObject({
      kind: 'dead-letter',
      reason: 'outside-deduplication-window',
      detail: expect.stringContaining('may have been sent and forgotten'),
    });
  });
});

describe('an attempt that failed', () => {
  it('is the one that the engine has counted', () => {
    const history = { attempts: 7, attemptsBeforeReplay: 0 };
    expect(handedOn({ attempt: 3 }, history)).toMatchObject({ attempt: 3, error: 'why' });
  });

  it('is one more than the headers say, where the engine could not count', () => {
    expect(handedOn({ attempt: 0 }, { attempts: 7, attemptsBeforeReplay: 0 }).attempt).toBe(8);
  });

  it.each([0, 9])(
    'has had as many before a replay as the key was forgiven, not the %d of its header',
    (said) => {
      const counts = { attempt: 6, forgivenAttempts: 4 };
      expect(handedOn(counts, { attempts: 7, attemptsBeforeReplay: said }).history).toEqual({
        attempts: 7,
        attemptsBeforeReplay: 4,
      });
    },
  );

  it.each([
    { said: 6, counts: 6 },
    { said: 7, counts: 7 },
    { said: 8, counts: 0 },
  ])(
    'where the engine could not count, has had $said before a replay only if that can be: $counts',
    (given) => {
      expect(handedOn({ attempt: 0 }, { attempts: 7, attemptsBeforeReplay: given.said }).history).toEqual({
        attempts: 7,
        attemptsBeforeReplay: given.counts,
      });
    },
  );
});
