import { StoreUnavailableError } from '../../../src/idempotency';
import { patiently } from '../../../src/reconciliation/patiently';

const slow = () => new StoreUnavailableError('find', new Error('Command timed out'));

describe('a read that Redis did not answer in time', () => {
  it('is repeated', async () => {
    const ask = jest.fn<Promise<number>, []>().mockRejectedValueOnce(slow()).mockResolvedValueOnce(7);
    expect(await patiently(ask, 0)).toBe(7);
  });

  it('is given up after five times', async () => {
    const ask = jest.fn(() => Promise.reject(slow()));
    await expect(patiently(ask, 0)).rejects.toThrow(StoreUnavailableError);
    expect(ask).toHaveBeenCalledTimes(5);
  });
});

describe('a read that fails with another error', () => {
  it('is not repeated', async () => {
    const ask = jest.fn(() => Promise.reject(new Error('WRONGTYPE')));
    await expect(patiently(ask, 0)).rejects.toThrow('WRONGTYPE');
    expect(ask).toHaveBeenCalledTimes(1);
  });
});
