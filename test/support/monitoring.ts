import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { isJsonObject, type JsonObject } from './json';

const folder = resolve(__dirname, '../../docs/operations');

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly severity: unknown;
  readonly runbookUrl: unknown;
}

/** The alert rules in `docs/operations`. */
export function alertRules(): AlertRule[] {
  const document: unknown = parse(readDocument('monitoring/alerts.yml'));
  return objectsIn(document, 'groups')
    .flatMap((group) => objectsIn(group, 'rules'))
    .map(({ alert, expr, labels, annotations }) => ({
      alert: String(alert),
      expr: String(expr),
      severity: isJsonObject(labels) ? labels.severity : undefined,
      runbookUrl: isJsonObject(annotations) ? annotations.runbook_url : undefined,
    }));
}

/** The queries behind the panels of the dashboard. */
export function dashboardQueries(): string[] {
  const dashboard: unknown = JSON.parse(readDocument('monitoring/grafana/dashboards/payments.json'));
  return objectsIn(dashboard, 'panels')
    .flatMap((panel) => (Array.isArray(panel.targets) ? objectsIn(panel, 'targets') : []))
    .map(({ expr }) => String(expr));
}

export function readDocument(path: string): string {
  return readFileSync(resolve(folder, path), 'utf8');
}

/** The names of the metrics in a query. */
export function metricsIn(query: string): string[] {
  const bare = query
    .replace(/\{[^}]*\}|\[[^\]]*\]|"[^"]*"/g, ' ')
    .replace(/\b(by|without|on|ignoring)\s*\([^)]*\)/g, ' ');
  return [...bare.matchAll(/\b[a-z_][a-z0-9_]*\b(?!\s*\()/gi)]
    .map(([name]) => name)
    .filter((name) => !['and', 'or', 'unless', 'by', 'bool'].includes(name));
}

/** Every pair of label and value in a query; each alternative is a pair of its own. */
export function labelsIn(query: string): { label: string; value: string }[] {
  return [...query.matchAll(/(\w+)=~?"([^"]*)"/g)].flatMap(([, label = '', values = '']) =>
    values.split('|').map((value) => ({ label, value })),
  );
}

function objectsIn(container: unknown, name: string): JsonObject[] {
  const list = isJsonObject(container) ? container[name] : undefined;
  if (Array.isArray(list) && list.every(isJsonObject)) return list;
  throw new Error(`'${name}' is not a list of objects`);
}
