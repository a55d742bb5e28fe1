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

  it.each([
    { name: 'DATABASE_URL', value: 'postgresql://localhost/payments' },
    { name: 'STRIPE_WEBHOOK_SECRET', value: 'whsec_0123456789abcdef' },
  ])('is used for $name', ({ name, value }) => {
    const path = join(folder, name);
    writeFileSync(path, `${value}\n`);
    const variables = { ...required, STRIPE_API_KEY: 'sk_test_spec' };
    const fromFile = parseEnvironment({ ...variables, [`${name}_FILE`]: path });
    expect(fromFile).toEqual(parseEnvironment({ ...variables, [name]: value }));
    expect(fromFile).not.toEqual(parseEnvironment(variables));
  });

  it('is reported by name if the file does not exist', () => {
    const variables = { ...required, STRIPE_API_KEY_FILE: join(folder, 'nothing') };
    expect(() => parseEnvironment(variables)).toThrow(
      /- STRIPE_API_KEY_FILE must name a file that can be read/,
    );
  });
});
