import { within } from '../../../src/observability/health/within';

describe('within', () => {
  it('passes on what the work returns', async () => {
    await expect(within(1000, Promise.resolve('done'))).resolves.toBe('done');
  });

  it('passes on what the work throws', async () => {
    await expect(within(1000, Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });

  it('rejects if the work does not end in time', async () => {
    await expect(within(1, new Promise(() => undefined))).rejects.toThrow('no answer within 1 ms');
  });
});
