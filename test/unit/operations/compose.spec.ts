import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { serviceArguments } from '../../../scripts/system';
import { isJsonObject } from '../../support/json';

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
