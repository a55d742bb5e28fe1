import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const folder = resolve(__dirname, '../../../libs/idempotency/src/stores/postgres/adapters');

describe('an adapter for the transactions of a library', () => {
  it.each(readdirSync(folder))('is so short that a reader sees what it does: %s', (name) => {
    const lines = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(40);
  });
});
