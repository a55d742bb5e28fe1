import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnvironment } from '../../../src/config/parse-environment';

const required = { RABBITMQ_URL: 'amqp://localhost:5672', REDIS_URL: 'redis://localhost:6379' };

describe('a secret in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is used like the variable', () => {
    const path = join(folder, 'key');
    writeFileSync(path, 'sk_test_from_file\n');
    expect(parseEnvironment({ ...required, STRIPE_API_KEY_FILE: path }).stripeApiKey).toBe(
      'sk_test_from_file',
    );
  });

  it('is reported by name if the file does not exist', () => {
    const variables = { ...required, STRIPE_API_KEY_FILE: join(folder, 'nothing') };
    expect(() => parseEnvironment(variables)).toThrow(
      /- STRIPE_API_KEY_FILE must name a file that can be read/,
    );
  });
});
