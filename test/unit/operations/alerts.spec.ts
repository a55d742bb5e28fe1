import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alertRules, readDocument } from '../../support/monitoring';

describe('the alert rules', () => {
  const sections = [...readDocument('alerts.md').matchAll(/^### (\w+)$/gm)].map(([, name]) => name);

  it('have one section in the runbook each, and the runbook has no others', () => {
    expect(sections).toEqual(alertRules().map(({ alert }) => alert));
  });

  it('link to their sections', () => {
    expect(alertRules().map(({ runbookUrl }) => runbookUrl)).toEqual(
      alertRules().map(({ alert }) => `docs/operations/alerts.md#${alert.toLowerCase()}`),
    );
  });

  it('exist for each case of the promtool tests', () => {
    const cases = readFileSync(join(__dirname, 'alerts.promtool.yml'), 'utf8');
    const named = new Set([...cases.matchAll(/alertname="(\w+)"/g)].map(([, name]) => name));
    expect(named.size).toBeGreaterThan(0);
    expect(alertRules().map(({ alert }) => alert)).toEqual(expect.arrayContaining([...named]));
  });

  it('have a severity: page or ticket', () => {
    const severities = new Set(alertRules().map(({ severity }) => severity));
    expect(severities).toEqual(new Set(['page', 'ticket']));
  });
});
