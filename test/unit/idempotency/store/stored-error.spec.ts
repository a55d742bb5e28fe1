import { ConflictException, HttpException } from '@nestjs/common';
import type { StoredError } from '../../../../src/idempotency/store/idempotency-store';
import { RememberedError, errorFrom, storedErrorFrom } from '../../../../src/idempotency/store/stored-record';

/** What a record holds after it was in a store. */
function throughStore(error: unknown): Error {
  const stored: StoredError = JSON.parse(JSON.stringify(storedErrorFrom(error)));
  return errorFrom(stored);
}

class OutOfStockError extends Error {
  override readonly name = 'OutOfStockError';
  readonly customer = 'canary';
}

describe('an error that is remembered', () => {
  it('comes back with its name and message', () => {
    const error = throughStore(new OutOfStockError('none left'));
    expect(error).toBeInstanceOf(RememberedError);
    expect(error).toMatchObject({
      message: 'none left',
      original: { name: 'OutOfStockError', message: 'none left' },
    });
  });

  it('leaves everything else of it behind', () => {
    expect(storedErrorFrom(new OutOfStockError('none left'))).toEqual({
      name: 'OutOfStockError',
      message: 'none left',
    });
  });

  it('may be anything that was thrown', () => {
    expect(throughStore('a text')).toMatchObject({ message: 'a text', original: { name: 'Error' } });
    expect(throughStore(undefined)).toMatchObject({ message: 'undefined' });
  });
});

describe('an HTTP error that is remembered', () => {
  it.each([
    ['its own class', new ConflictException('sold out'), 409],
    ['a body of its own', new HttpException({ problem: 'sold out', left: 0 }, 422), 422],
    ['a text for a body', new HttpException('sold out', 418), 418],
  ])('answers with the same status and body: %s', (_, error, status) => {
    const again = throughStore(error);
    if (!(again instanceof HttpException)) throw new Error('it is no HTTP error any more');
    expect(again.getStatus()).toBe(status);
    expect(again.getResponse()).toEqual(error.getResponse());
  });
});
