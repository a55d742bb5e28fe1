import type { Report } from '../../../../src/operations/reconciliation/reconciliation';
import { reportText } from '../../../../src/operations/reconciliation/report-text';

const report: Report = {
  since: new Date('2026-01-02T12:00:00Z'),
  lookedBackTo: undefined,
  payments: {
    succeeded: 5,
    declined: 1,
    failed: 2,
    processing: 3,
    'dead-letter': 0,
    'in-progress': 0,
    broken: 0,
  },
  charges: { ours: 8, ofOthers: 0 },
  broken: [],
};

describe('a report without a ledger', () => {
  it('counts the payments by state, and does not mention a ledger', () => {
    const text = reportText(report);
    expect(text).toMatch(/ {2}failed +2\n {2}processing +3\n/);
    expect(text).not.toContain('ledger');
  });
});

describe('a report with a ledger', () => {
  it('counts its rows by status', () => {
    const payments = { succeeded: 11, declined: 12, failed: 13, processing: 14, 'in-progress': 15 };
    const text = reportText({
      ...report,
      ledger: { since: new Date('2026-01-01T00:00:00Z'), payments },
    });
    expect(text).toMatch(
      /switched on at 2026-01-01T00:00:00.000Z\n {2}succeeded +11\n {2}declined +12\n {2}failed +13\n {2}processing +14\n {2}in progress +15$/m,
    );
  });
});
