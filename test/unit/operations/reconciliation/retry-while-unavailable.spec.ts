import { StoreUnavailableError } from 'nestjs-idempotent';
import { LedgerUnavailableError } from '../../../../src/ledger/ledger-errors';
import { retryWhileUnavailable } from '../../../../src/operations/reconciliation/retry-while-unavailable';

const slow = () => new StoreUnavailableError('find', new Error('Command timed out'));

describe('a read that is not answered in time', () => {
  it.each([
    { of: 'Redis', error: slow() },
    { of: 'the ledger', error: new LedgerUnavailableError('find', new Error('Query read timeout')) },
  ])('is retried, of $of', async ({ error }) => {
    const read = jest.fn<Promise<number>, []>().mockRejectedValueOnce(error).mockResolvedValueOnce(7);
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
