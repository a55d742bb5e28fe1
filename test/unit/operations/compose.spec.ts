import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { parseEnvironment } from '../../../src/config/parse-environment';
import { serviceArguments } from '../../../scripts/system';
import { isJsonObject, type JsonObject } from '../../support/json';

const root = join(__dirname, '../../..');

/** A value in docker-compose.yml. */
function inCompose(...path: string[]): unknown {
  const document: unknown = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true });
  return path.reduce<unknown>((found, name) => (isJsonObject(found) ? found[name] : undefined), document);
}

/** The settings in the files that are mounted read-only into the settings folder of RabbitMQ's container. */
function brokerSettings(): string[] {
  const volumes = inCompose('services', 'rabbitmq', 'volumes');
  const mounts = Array.isArray(volumes) ? volumes.map(String) : [];
  const files = mounts.flatMap(
    (mount) => /^(.+):\/etc\/rabbitmq\/conf\.d\/[\w-]+\.conf:ro$/.exec(mount)?.[1] ?? [],
  );
  return files.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#')),
  );
}

describe('RabbitMQ in docker-compose.yml', () => {
  it('takes no message of more than 1 MB', () => {
    expect(brokerSettings()).toContain('max_message_size = 1048576');
  });

  it('has only settings that the manual names', () => {
    const manual = readFileSync(join(root, 'docs/operations/running.md'), 'utf8');
    const settings = brokerSettings();
    expect(settings).not.toEqual([]);
    expect(settings.filter((setting) => !manual.includes(`\`${setting}\``))).toEqual([]);
  });
});

describe('PostgreSQL in docker-compose.yml', () => {
  const settings = inCompose('services', 'postgres', 'environment');

  it('is healthy when it answers over TCP for the user and the database that it is made with', () => {
    expect(settings).toMatchObject({ POSTGRES_USER: 'payments', POSTGRES_DB: 'payments' });
    const check = ['--host=127.0.0.1', '--username=payments', '--dbname=payments'];
    expect(inCompose('services', 'postgres', 'healthcheck', 'test')).toEqual(['CMD', 'pg_isready', ...check]);
  });

  it('keeps its data in a volume with a name', () => {
    expect(inCompose('services', 'postgres', 'volumes')).toEqual(['postgres:/var/lib/postgresql/data']);
    expect(inCompose('volumes')).toHaveProperty('postgres');
  });
});

describe.each(['service', 'consumer'])('the %s in docker-compose.yml', (name) => {
  const variables = inCompose('services', name, 'environment');
  const environment = parseEnvironment({
    ...(isJsonObject(variables) && withoutReferences(variables)),
    NODE_ENV: 'production',
  });

  it('keeps its ledger in the PostgreSQL there, starts after it, and lists the ledger', () => {
    const postgres = inCompose('services', 'postgres', 'environment');
    const { username, password, host, pathname } = new URL(environment.databaseUrl);
    expect({ POSTGRES_USER: username, POSTGRES_PASSWORD: password, POSTGRES_DB: pathname.slice(1) }).toEqual(
      postgres,
    );
    expect(host).toBe('postgres:5432');
    expect(inCompose('services', name, 'depends_on', 'postgres')).toEqual({ condition: 'service_healthy' });
    expect(environment.readApi).toBe(true);
  });

  it('expects the secret with which the sandbox signs webhooks', () => {
    const secret = inCompose('services', 'sandbox', 'environment', 'SANDBOX_WEBHOOK_SECRET');
    expect(environment.stripeWebhookSecrets).toEqual([secret]);
  });
});

/** Docker Compose replaces `${NAME:-default}` by the default, unless the variable is set. */
function withoutReferences(variables: JsonObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [
      name,
      String(value).replace(/^\$\{\w+:-(.*)\}$/, '$1'),
    ]),
  );
}

describe('the sandbox in docker-compose.yml', () => {
  it('sends its webhooks to the port of the service in its container', () => {
    expect(inCompose('services', 'sandbox', 'environment', 'SANDBOX_WEBHOOK_URL')).toBe(
      'http://service:3000/webhooks/stripe',
    );
    expect(inCompose('services', 'service', 'ports')).toEqual([expect.stringMatching(/:3000$/)]);
  });
});

describe('each port in docker-compose.yml', () => {
  it('is published on the loopback address only', () => {
    const services = inCompose('services');
    const names = isJsonObject(services) ? Object.keys(services) : [];
    const ports = names.flatMap((name) => inCompose('services', name, 'ports') ?? []).map(String);
    expect(ports).toContain('127.0.0.1::5432');
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });
});

describe('The production image', () => {
  const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
  const stages = [...dockerfile.matchAll(/^FROM (\S+) AS (\S+)$/gm)].map(([, from, name]) => ({
    from,
    name,
  }));

  it('is what docker build makes: the last stage', () => {
    expect(stages.at(-1)).toMatchObject({ name: 'production' });
  });

  it('starts the service with the same arguments as npm start and the benchmark', () => {
    const [, command = ''] = /^CMD (\[.*\])$/m.exec(dockerfile) ?? [];
    expect(JSON.parse(command)).toEqual(['node', ...serviceArguments]);
  });

  it('has nothing of src/dev; docker compose uses the stage that has', () => {
    const production = dockerfile.slice(dockerfile.indexOf('AS production'));
    expect(production).toContain('COPY --from=without-development /app/dist ./dist');
    expect(dockerfile).toMatch(/AS without-development\nRUN rm -rf dist\/dev dist\/sandbox\n/);
    expect(inCompose('services', 'service', 'build')).toMatchObject({ target: 'development' });
  });
});
