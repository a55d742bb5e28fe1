import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

const root = resolve(__dirname, '../../..');

/** The packages whose code an entry of the built library loads by itself, not through NestJS. */
function loadedBy(entry: string): string[] {
  const program = `
    require('@nestjs/core');
    const before = new Set(Object.keys(require.cache));
    require('${entry}');
    const names = Object.keys(require.cache)
      .filter((file) => !before.has(file))
      .map((file) => /.*node_modules[/](@[^/]+[/][^/]+|[^/]+)/.exec(file)?.[1] ?? 'nestjs-idempotent');
    console.log(JSON.stringify([...new Set(names)]));
  `;
  return JSON.parse(
    execFileSync(process.execPath, ['-e', program], { cwd: root, encoding: 'utf8' }),
  ) as string[];
}

describe('the entries of the package nestjs-idempotent', () => {
  it.each(['nestjs-idempotent', 'nestjs-idempotent/testing', 'nestjs-idempotent/graphql'])(
    '%s loads neither a broker’s nor a store’s client',
    (entry) => {
      const clients = [
        'amqplib',
        'ioredis',
        '@golevelup/nestjs-rabbitmq',
        '@nestjs/microservices',
        '@nestjs/graphql',
        'graphql',
      ];
      expect(loadedBy(entry).filter((name) => clients.includes(name))).toEqual([]);
    },
  );

  it.each([
    ['nestjs-idempotent/redis', 'ioredis'],
    ['nestjs-idempotent/rabbitmq', '@golevelup/nestjs-rabbitmq'],
  ])('%s loads %s, from the application', (entry, client) => {
    expect(loadedBy(entry)).toContain(client);
  });
});
