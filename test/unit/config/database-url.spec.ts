import { InvalidEnvironmentError } from '../../../src/config/invalid-environment.error';
import { parseEnvironment } from '../../../src/config/parse-environment';

const required = {
  RABBITMQ_URL: 'amqp://localhost',
  REDIS_URL: 'redis://localhost',
  STRIPE_API_KEY: 'sk_test_spec',
};

const parsing = (url: string, more: Record<string, string> = {}) =>
  parseEnvironment({ ...required, ...more, DATABASE_URL: url });

describe('DATABASE_URL', () => {
  it.each(['', ' '])('means no ledger if it is %p', (url) => {
    expect(parsing(url).databaseUrl).toBe('');
  });

  it.each([
    'postgres://localhost/payments',
    'postgresql://shop:secret@database:5433/payments?sslmode=verify-full&application_name=payments',
    'postgresql://%2Fvar%2Frun%2Fpostgresql/payments',
  ])('is accepted as %s', (url) => {
    expect(parsing(url).databaseUrl).toBe(url);
  });

  it.each([
    ['of another kind', 'mysql://shop:canary@database/payments'],
    ['without a scheme', 'shop:canary@database/payments'],
    ['without a host', 'postgresql:///payments?password=canary'],
    ['without a database', 'postgresql://shop:canary@database'],
    ['without a database', 'postgresql://shop:canary@database/'],
    ['with more than a database', 'postgresql://shop:canary@database/payments/canary'],
    ['with another host in its query', 'postgresql://shop:canary@localhost/payments?host=database'],
    ['with another port in its query', 'postgresql://shop:canary@localhost/payments?port=5433'],
    ['with another user in its query', 'postgresql://shop:canary@localhost/payments?user=postgres'],
    ['with another password in its query', 'postgresql://shop@localhost/payments?password=canary'],
  ])('is refused %s, and not shown', (_, url) => {
    expect(() => parsing(url)).toThrow(InvalidEnvironmentError);
    expect(() => parsing(url)).toThrow(/- DATABASE_URL must be a URL such as postgresql:/);
    expect(() => parsing(url)).toThrow(/^(?!.*canary)/s);
  });
});

describe('DATABASE_URL in production', () => {
  const production = {
    NODE_ENV: 'production',
    RABBITMQ_URL: 'amqps://payments:secret@broker',
    REDIS_URL: 'rediss://redis',
  };

  it.each(['require', 'verify-ca', 'verify-full'])('is accepted with sslmode=%s', (mode) => {
    const url = `postgresql://shop:secret@database/payments?sslmode=${mode}`;
    expect(parsing(url, production).databaseUrl).toBe(url);
  });

  it.each([
    ['nothing about encryption', ''],
    ['sslmode=disable', '?sslmode=disable'],
    ['sslmode=prefer', '?sslmode=prefer'],
    ['sslmode=no-verify', '?sslmode=no-verify'],
    ['a later sslmode, which counts', '?sslmode=verify-full&sslmode=disable'],
  ])('is refused with %s', (_, query) => {
    expect(() => parsing(`postgresql://shop:canary@database:5433/payments${query}`, production)).toThrow(
      /DATABASE_URL must have sslmode=verify-full in its query for database:5433 in production(?!.*canary)/s,
    );
  });

  it('is refused with the credentials of examples', () => {
    const url = 'postgresql://postgres:postgres@database/payments?sslmode=require';
    expect(() => parsing(url, production)).toThrow(
      'DATABASE_URL must not use the default credentials for database in production',
    );
  });

  it.each([
    'postgresql://postgres:postgres@localhost/payments',
    'postgresql://127.0.0.1/payments',
    'postgresql://[::1]/payments',
    'postgresql://%2Fvar%2Frun%2Fpostgresql/payments',
  ])('may be unencrypted on this machine: %s', (url) => {
    expect(parsing(url, production).databaseUrl).toBe(url);
  });

  it('may be unencrypted if that is allowed explicitly', () => {
    const url = 'postgresql://postgres:postgres@database/payments';
    expect(parsing(url, { ...production, ALLOW_INSECURE_URLS: 'true' }).databaseUrl).toBe(url);
  });
});

describe('READ_API', () => {
  it('is refused without a ledger, in a sentence that names both variables', () => {
    expect(() => parsing('', { READ_API: 'true' })).toThrow(
      /- READ_API must not be true while DATABASE_URL is empty/,
    );
  });

  it('is refused if it is neither true nor false', () => {
    expect(() => parsing('', { READ_API: 'on' })).toThrow('READ_API must be true or false, but is "on"');
  });

  it('is off with a ledger, unless it is switched on', () => {
    const url = 'postgresql://localhost/payments';
    expect([parsing(url).readApi, parsing(url, { READ_API: 'true' }).readApi]).toEqual([false, true]);
  });
});
