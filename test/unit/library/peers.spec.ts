import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { broker, rows } from '../../../scripts/matrix/rows';

const manifest = JSON.parse(
  readFileSync(join(resolve(__dirname, '../../..'), 'libs/idempotency/package.json'), 'utf8'),
) as {
  peerDependencies: Record<string, string>;
  dependencies: Record<string, string>;
};

/** The versions that a range starts from, without what comes after the part that may change: 11, 12 or 0.10. */
function claimed(name: string): string[] {
  const ranges = manifest.peerDependencies[name]?.split(' || ') ?? [];
  return ranges.map((range) => /^\^(0\.\d+|\d+)/.exec(range)?.[1] ?? range).sort();
}

describe('a peer range of the library', () => {
  const tried = (versionOf: (row: (typeof rows)[number]) => string | undefined) =>
    [...new Set(rows.map(versionOf).filter(Boolean))].sort();

  it.each([
    { name: '@nestjs/common', versions: tried(({ nest }) => nest) },
    { name: '@nestjs/core', versions: tried(({ nest }) => nest) },
    { name: '@nestjs/microservices', versions: tried(({ nest }) => nest) },
    { name: 'ioredis', versions: tried(({ ioredis }) => ioredis) },
    { name: '@golevelup/nestjs-rabbitmq', versions: tried(({ golevelup }) => golevelup) },
    { name: 'amqplib', versions: [broker.amqplib] },
  ])('claims what npm run matrix tries, and nothing else: $name', ({ name, versions }) => {
    expect(claimed(name)).toEqual(versions);
  });

  it('is not a dependency as well, which would bring a second copy', () => {
    const peers = Object.keys(manifest.peerDependencies);
    expect(Object.keys(manifest.dependencies).filter((name) => peers.includes(name))).toEqual([]);
  });
});
