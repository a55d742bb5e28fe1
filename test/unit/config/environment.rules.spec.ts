import { InvalidEnvironmentError } from '../../../src/config/invalid-environment.error';
import { parseEnvironment } from '../../../src/config/parse-environment';

type Variables = Record<string, string | undefined>;

const required = {
  RABBITMQ_URL: 'amqp://localhost:5672',
  REDIS_URL: 'redis://localhost:6379',
  STRIPE_API_KEY: 'sk_test_1',
};

/** The problems in the error message, without the text around them. */
function problemsOf(variables: Variables): readonly string[] {
  try {
    parseEnvironment(variables);
  } catch (error) {
    if (error instanceof InvalidEnvironmentError) return error.problems;
    throw error;
  }
  return [];
}

describe("a lease that is longer than its record's TTL", () => {
  it('is refused, because the record would expire before the work is done', () => {
    expect(problemsOf({ ...required, IDEMPOTENCY_TTL: '29' })).toEqual([
      expect.stringContaining('IDEMPOTENCY_TTL (29 s) must be at least IDEMPOTENCY_LEASE (30 s)'),
    ]);
  });
});

describe('in production', () => {
  const production = {
    ...required,
    NODE_ENV: 'production',
    RABBITMQ_URL: 'amqps://payments:secret@broker:5671',
    REDIS_URL: 'rediss://redis:6379',
  };

  it('accepts encrypted connections with their own credentials', () => {
    expect(problemsOf(production)).toEqual([]);
  });

  it('has no development endpoints', () => {
    expect(parseEnvironment(production).devEndpoints).toBe(false);
  });

  it('has development endpoints if they are switched on', () => {
    expect(parseEnvironment({ ...production, DEV_ENDPOINTS: 'true' }).devEndpoints).toBe(true);
  });

  it.each([
    [
      'an unencrypted broker',
      { RABBITMQ_URL: 'amqp://payments:secret@broker:5672' },
      'RABBITMQ_URL must use amqps://',
    ],
    [
      'one unencrypted Redis node',
      { REDIS_URL: 'rediss://a:1,redis://b:2' },
      'REDIS_URL must use rediss:// for b:2',
    ],
    ['an unencrypted gateway', { STRIPE_API_BASE: 'http://gateway:80' }, 'STRIPE_API_BASE must use https://'],
    [
      'guest:guest',
      { RABBITMQ_URL: 'amqps://guest:guest@broker' },
      'RABBITMQ_URL must not use the default credentials',
    ],
    [
      'no credentials, which means guest',
      { RABBITMQ_URL: 'amqps://broker' },
      'RABBITMQ_URL must not use the default',
    ],
  ])('refuses %s', (_, variables, problem) => {
    expect(problemsOf({ ...production, ...variables })).toEqual([expect.stringContaining(problem)]);
  });

  it('reports only one problem for a URL with a wrong scheme', () => {
    expect(problemsOf({ ...production, RABBITMQ_URL: 'http://payments:secret@broker' })).toHaveLength(1);
  });

  it('accepts them if they are allowed explicitly', () => {
    const insecure = {
      RABBITMQ_URL: 'amqp://guest:guest@broker',
      REDIS_URL: 'redis://redis',
      ALLOW_INSECURE_URLS: 'true',
    };
    expect(problemsOf({ ...production, ...insecure })).toEqual([]);
  });

  it('accepts unencrypted connections within the machine', () => {
    const local = {
      RABBITMQ_URL: 'amqp://guest:guest@127.0.0.1',
      REDIS_URL: 'redis://[::1]',
      STRIPE_API_BASE: 'http://localhost:1',
    };
    expect(problemsOf({ ...production, ...local })).toEqual([]);
  });
});
