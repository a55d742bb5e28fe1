import { StoreUnavailableError, type IdempotencyService, type Unprocessed } from '../../../src/idempotency';
import { isEndOfWork, secondLook } from '../../../src/messaging/second-look';

const claim = { scope: 'payment', key: 'abc' };

/** A look whose answer is given, or that fails. */
function looking(answer: unknown) {
  const lookAgain = () => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer));
  return secondLook({ lookAgain } as unknown as IdempotencyService, claim);
}

describe('a message whose work has failed for good', () => {
  it.each([
    { kind: 'replayed', result: 1 },
    { kind: 'final-error', error: new Error('declined'), replayed: true },
  ])('is answered when another copy has ended meanwhile: $kind', async (found) => {
    expect(await looking(found)).toBe('answered');
  });

  it.each([{ kind: 'mismatch' }, { kind: 'busy', remainingMs: 5 }])(
    'is what its key says now: $kind',
    async (found) => {
      expect(await looking(found)).toEqual(found);
    },
  );

  it('waits for Redis where that does not answer', async () => {
    const error = new StoreUnavailableError('find', 'gone');
    expect(await looking(error)).toEqual({ kind: 'store-unavailable', error });
  });

  it.each([undefined, new Error('a record that nobody can read')])(
    'is given up otherwise (%p)',
    async (found) => {
      expect(await looking(found)).toBeUndefined();
    },
  );
});

describe('another look', () => {
  it.each<[boolean, Unprocessed]>([
    [true, { kind: 'failed', error: 'why', attempt: 1 }],
    [true, { kind: 'exhausted', attempts: 8 }],
    [false, { kind: 'refused', error: 'why' }],
    [false, { kind: 'mismatch' }],
    [false, { kind: 'outside-window' }],
    [false, { kind: 'from-the-future', aheadMs: 1 }],
  ])('is worth it (%p) for %p', (worthIt, outcome) => {
    expect(isEndOfWork(outcome)).toBe(worthIt);
  });
});
