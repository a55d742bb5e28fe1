import fc from 'fast-check';
import '../../../../test/support/fixed-seed';
import { fitsRecord, readRecord, writeRecord } from '../../src/stores/stored-record';

const record = { processedAt: '2026-01-01T00:00:00.000Z', result: null, fencingToken: 1 };

describe('a stored record', () => {
  it('is read as it was written', () => {
    const whole = { ...record, result: { total: 7 }, fingerprint: 'A', origin: 'trace-1' };
    expect(readRecord(writeRecord(whole))).toEqual(whole);
  });

  it('is written again as the same text, to the byte, by which a store knows that it has not changed', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (result) => {
        const text = writeRecord({ ...record, result, fingerprint: 'A', attempt: 1 });
        expect(writeRecord(readRecord(text))).toBe(text);
      }),
    );
  });

  it.each([
    ['not a string', undefined],
    ['an array', ['{}']],
    ['null', 'null'],
    ['a number', '7'],
    ['a string', '"processedAt result"'],
    ['without a time', '{"result":1}'],
    ['without a result', '{"processedAt":"2026-01-01T00:00:00.000Z"}'],
  ])('is an error if this version did not write it: %s', (_, stored) => {
    expect(() => readRecord(stored)).toThrow('not what this version writes');
  });

  it('is an error if it is not JSON', () => {
    expect(() => readRecord('no JSON')).toThrow(SyntaxError);
  });

  it.each([
    { of: 'A', asked: 'A', fits: true },
    { of: 'A', asked: 'B', fits: false },
    { of: 'A', asked: undefined, fits: true },
    { of: undefined, asked: 'B', fits: true },
  ])('with fingerprint $of fits a request with fingerprint $asked: $fits', ({ of, asked, fits }) => {
    expect(fitsRecord({ ...record, ...(of !== undefined && { fingerprint: of }) }, asked)).toBe(fits);
  });
});
