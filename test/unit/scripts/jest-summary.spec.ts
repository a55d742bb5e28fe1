import { summaryOf } from '../../../scripts/jest-summary';

const results = (counts: object): string =>
  JSON.stringify({
    numPassedTests: 12,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    numRuntimeErrorTestSuites: 0,
    ...counts,
  });

describe('the line that counts tests', () => {
  it.each([
    [{}, '12 passed, 0 failed'],
    [{ numFailedTests: 3 }, '12 passed, 3 failed'],
    [{ numPendingTests: 1, numTodoTests: 1 }, '12 passed, 0 failed, 2 skipped'],
  ])('contains the counts of Jest: %j', (counts, line) => {
    expect(summaryOf(results(counts))).toBe(line);
  });

  it('counts a file that could not be loaded as failed', () => {
    expect(summaryOf(results({ numRuntimeErrorTestSuites: 1 }))).toBe('12 passed, 1 failed');
  });

  it('is an error for results without counts', () => {
    expect(() => summaryOf('{}')).toThrow(/numFailedTests/);
  });
});
