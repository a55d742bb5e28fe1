import { readFileSync } from 'node:fs';

const SECRETS = [
  'STRIPE_API_KEY',
  'STRIPE_WEBHOOK_SECRET',
  'RABBITMQ_URL',
  'REDIS_URL',
  'DATABASE_URL',
  'SMTP_URL',
] as const;

/** Reads secrets from files (`STRIPE_API_KEY_FILE=/run/secrets/key`). A file has priority over a value. */
export function readSecretFiles(variables: Readonly<Record<string, string | undefined>>): {
  values: Record<string, string>;
  problems: string[];
} {
  const values: Record<string, string> = {};
  const problems: string[] = [];
  for (const name of SECRETS) {
    const path = variables[`${name}_FILE`];
    if (!path) continue;
    try {
      values[name] = readFileSync(path, 'utf8');
    } catch (error) {
      problems.push(
        `${name}_FILE must name a file that can be read: ${error instanceof Error ? error.message : path}`,
      );
    }
  }
  return { values, problems };
}
