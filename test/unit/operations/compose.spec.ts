import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
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
