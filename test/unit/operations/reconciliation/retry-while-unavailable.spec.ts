import { StoreUnavailableError } from 'nestjs-idempotent';
import { retryWhileUnavailable } from '../../../../src/operations/reconciliation/retry-while-unavailable';

const slow = () => new StoreUnavailableError('find', new Error('Command timed out'));

describe('a read that Redis does not answer in time', () => {
  it('is retried', async () => {
    const read = jest.fn<Promise<number>, []>().mockRejectedValueOnce(slow()).mockResolvedValueOnce(7);
    expect(await retryWhileUnavailable(read, 0)).toBe(7);
  });

  it('fails after five tries', async () => {
    const read = jest.fn(() => Promise.reject(slow()));
    await expect(retryWhileUnavailable(read, 0)).rejects.toThrow(StoreUnavailableError);
    expect(read).toHaveBeenCalledTimes(5);
  });
});

describe('a read that fails with another error', () => {
  it('is not retried', async () => {
    const read = jest.fn(() => Promise.reject(new Error('WRONGTYPE')));
    await expect(retryWhileUnavailable(read, 0)).rejects.toThrow('WRONGTYPE');
    expect(read).toHaveBeenCalledTimes(1);
  });
});
