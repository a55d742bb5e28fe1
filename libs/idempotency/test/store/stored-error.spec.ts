import { BadRequestException, ConflictException, HttpException } from '@nestjs/common';
import type { StoredError } from '../../src/stores/idempotency-store';
import { RememberedError, errorFrom, storedErrorFrom } from '../../src/stores/stored-record';

/** The error of a record that was stored. */
function throughStore(error: unknown): Error {
  const stored: StoredError = JSON.parse(JSON.stringify(storedErrorFrom(error)));
  return errorFrom(stored);
}

class OutOfStockError extends Error {
  override readonly name = 'OutOfStockError';
  readonly customer = 'canary';
}

describe('a remembered error', () => {
  it('is thrown with its name and message', () => {
    const error = throughStore(new OutOfStockError('none left'));
    expect(error).toBeInstanceOf(RememberedError);
    expect(error).toMatchObject({
      message: 'none left',
      original: { name: 'OutOfStockError', message: 'none left' },
    });
  });

  it('is stored without its other properties', () => {
    expect(storedErrorFrom(new OutOfStockError('none left'))).toEqual({
      name: 'OutOfStockError',
      message: 'none left',
    });
  });

  it('has the extensions that GraphQL sends to the client', () => {
    const error = Object.assign(new OutOfStockError('none left'), { extensions: { code: 'OUT_OF_STOCK' } });
    expect(throughStore(error)).toMatchObject({ extensions: { code: 'OUT_OF_STOCK' } });
  });

  it('can be any value that was thrown', () => {
    expect(throughStore('a string')).toMatchObject({ message: 'a string', original: { name: 'Error' } });
    expect(throughStore(undefined)).toMatchObject({ message: 'undefined' });
  });
});

describe('a remembered HTTP error', () => {
  it.each([
    ['its own class', new ConflictException('sold out'), 409],
    ['its own body', new HttpException({ problem: 'sold out', left: 0 }, 422), 422],
    ['a string as its body', new HttpException('sold out', 418), 418],
    ['a list of messages', new BadRequestException(['no size', 'no colour']), 400],
  ])('has the same status, body and message: %s', (_, error, status) => {
    const again = throughStore(error);
    if (!(again instanceof HttpException)) throw new Error('it is not an HTTP error any more');
    expect(again.getStatus()).toBe(status);
    expect(again.getResponse()).toEqual(error.getResponse());
    expect(again.message).toBe(error.message);
  });
});
