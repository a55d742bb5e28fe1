import type { Environment } from '../../../src/config/environment';
import { parseEnvironment } from '../../../src/config/parse-environment';
import {
  processLines,
  processWarnings,
  rabbitmqUnavailableLine,
  rabbitmqLine,
  redisUnavailableLine,
  redisLine,
} from '../../../src/observability/start-report/start-lines';

const PASSWORD = 'hunter2hunter2';

function environment(variables: Record<string, string | undefined> = {}): Environment {
  return parseEnvironment({
    RABBITMQ_URL: `amqp://shop:${PASSWORD}@rabbit:5672`,
    REDIS_URL: `redis://shop:${PASSWORD}@redis:6379`,
    STRIPE_API_KEY: 'sk_test_spec',
    ...variables,
  });
}

const texts = (variables?: Record<string, string | undefined>) =>
  processLines(environment(variables)).map(({ text }) => text);

describe('the lines about the process', () => {
  it('name its roles, its HTTP address and the address of the gateway', () => {
    const variables = { PORT: '8080', STRIPE_API_BASE: 'http://sandbox:12111' };
    expect(texts(variables)).toEqual([
      `Payment service: roles consumer and publisher, environment development, Node.js ${process.versions.node}`,
      'HTTP http://localhost:8080, bound to 127.0.0.1: / (console), /docs, /dead-letters, /payments, /health/live, /health/ready, /metrics',
      'Gateway http://sandbox:12111',
      'Requests: REQUIRE_TIMESTAMP is off: a request without a timestamp counts as new, whatever its age. KEYS_PER_PUBLISHER is off: publishers share keys; the first request under a key wins',
      'There is no ledger: DATABASE_URL is empty',
      'Webhooks are switched off: STRIPE_WEBHOOK_SECRET is empty',
      'Receipts are switched off: SMTP_URL is empty',
    ]);
  });

  it('say whether timestamps are required and publishers have their own keys', () => {
    expect(
      texts({ NODE_ENV: 'production', KEYS_PER_PUBLISHER: 'true', ALLOW_INSECURE_URLS: 'true' }),
    ).toContain(
      'Requests: REQUIRE_TIMESTAMP is on: a request without a timestamp is rejected. KEYS_PER_PUBLISHER is on: each publisher has its own keys',
    );
    expect(texts({ APP_ROLES: 'publisher' }).join()).not.toContain('REQUIRE_TIMESTAMP');
  });

  it('name the database of the ledger without its credentials, and whether it is listed', () => {
    const DATABASE_URL = `postgresql://shop:${PASSWORD}@database:5433/shop?sslmode=verify-full`;
    const place = 'Ledger postgresql://database:5433, database shop. ';
    expect(texts({ DATABASE_URL })).toContain(`${place}READ_API is off: it cannot be listed`);
    expect(texts({ DATABASE_URL, READ_API: 'true' })).toContain(
      `${place}READ_API is on: GET /payments lists it`,
    );
  });

  it('say that webhooks are accepted, without their secret', () => {
    const lines = texts({ STRIPE_WEBHOOK_SECRET: 'whsec_canary0123456789' });
    expect(lines).toContain('Webhooks are accepted: POST /webhooks/stripe');
    expect(lines.join()).not.toContain('canary');
  });

  it('do not mention receipts if they are sent, or in a publisher', () => {
    const sent = { SMTP_URL: 'smtp://mail', RECEIPT_FROM: 'shop@example.com' };
    expect([...texts(sent), ...texts({ APP_ROLES: 'publisher' })].join()).not.toContain('Receipts');
  });

  it('name the gateway that is used by default', () => {
    expect(texts()).toContain('Gateway https://api.stripe.com');
  });

  it.each([
    {
      variables: { HOST: '127.0.0.1', NODE_ENV: 'production', ALLOW_INSECURE_URLS: 'true' },
      paths: '/health/live, /health/ready, /metrics',
    },
    {
      variables: { APP_ROLES: 'consumer' },
      paths: '/docs, /dead-letters, /health/live, /health/ready, /metrics',
    },
    {
      variables: {
        APP_ROLES: 'consumer',
        DATABASE_URL: 'postgres://localhost/payments',
        READ_API: 'true',
        STRIPE_WEBHOOK_SECRET: 'whsec_0123456789abcdef',
      },
      paths: '/docs, /dead-letters, /payments, /webhooks/stripe, /health/live, /health/ready, /metrics',
    },
  ])('name only the paths that exist with $variables', ({ variables, paths }) => {
    expect(texts(variables)).toContain(`HTTP http://localhost:3000, bound to 127.0.0.1: ${paths}`);
  });

  it.each([
    { variables: { HOST: '0.0.0.0' }, place: 'http://localhost:3000, bound to 0.0.0.0' },
    { variables: { NODE_ENV: 'production' }, place: 'http://localhost:3000, bound to 0.0.0.0' },
    { variables: { HOST: '::' }, place: 'http://localhost:3000, bound to ::' },
    { variables: { HOST: '::1' }, place: 'http://[::1]:3000, bound to ::1' },
    { variables: { HOST: '10.0.0.7' }, place: 'http://10.0.0.7:3000, bound to 10.0.0.7' },
    { variables: { HOST: 'payments' }, place: 'http://payments:3000, bound to payments' },
  ])('name the address that HTTP is bound to, and its URL, with $variables', ({ variables, place }) => {
    expect(texts({ ...variables, ALLOW_INSECURE_URLS: 'true' }).join('\n')).toContain(`HTTP ${place}: /`);
  });

  it('do not mention the gateway in a publisher, which never calls it', () => {
    expect(texts({ APP_ROLES: 'publisher' }).filter((text) => text.startsWith('Gateway'))).toEqual([]);
  });
});

describe('warnings about the process', () => {
  const forDevelopment = {
    DEV_ENDPOINTS: 'true',
    ALLOW_INSECURE_URLS: 'true',
    READ_API: 'true',
    DATABASE_URL: 'postgres://localhost/payments',
  };

  it('name settings that are dangerous in production', () => {
    expect(processWarnings(environment({ ...forDevelopment, NODE_ENV: 'production' }))).toEqual([
      expect.stringMatching(/^DEV_ENDPOINTS is true in production: .*; unset it/),
      expect.stringMatching(/^READ_API is true in production: .*; unset it/),
      expect.stringMatching(/^ALLOW_INSECURE_URLS is true in production: .*; unset it/),
    ]);
  });

  it('are not given during development', () => {
    expect(processWarnings(environment(forDevelopment))).toEqual([]);
  });
});

describe('the line about RabbitMQ', () => {
  it('names the queues of a consumer, and how many messages it takes at a time', () => {
    const withReceipts = { SMTP_URL: 'smtp://mail', RECEIPT_FROM: 'shop@example.com' };
    const { text, facts } = rabbitmqLine(environment({ RABBITMQ_PREFETCH: '7', ...withReceipts }), '4.1.0');
    expect(text).toBe(
      'RabbitMQ 4.1.0, amqp://rabbit:5672, virtual host /: takes from payments.charge and notifications.receipt, 7 messages at a time',
    );
    expect(facts).toEqual({
      rabbitmq: {
        version: '4.1.0',
        addresses: ['amqp://rabbit:5672'],
        virtualHost: '/',
        queues: ['payments.charge', 'notifications.receipt'],
        prefetch: 7,
      },
    });
  });

  it('does not mention receipts if they are switched off', () => {
    expect(rabbitmqLine(environment({}), '4.1.0').text).toMatch(/: takes from payments\.charge, 50 messages/);
  });

  it('names the exchange of a publisher', () => {
    expect(rabbitmqLine(environment({ APP_ROLES: 'publisher' }), '4.1.0').text).toMatch(
      /: publishes to payments$/,
    );
  });

  it.each([
    { path: '/shop%2Feu', virtualHost: 'shop/eu' },
    { path: '/100%', virtualHost: '100%' },
    { path: '/', virtualHost: '/' },
  ])('decodes the virtual host in $path as the client does', ({ path, virtualHost }) => {
    const { text } = rabbitmqLine(environment({ RABBITMQ_URL: `amqp://a${path},amqp://b${path}` }), '4.1.0');
    expect(text).toContain(`, amqp://a, amqp://b, virtual host ${virtualHost}: `);
  });
});

describe('the line about Redis', () => {
  const server = { version: '7.0.15', maxmemoryPolicy: 'noeviction', appendOnly: true };

  it.each([
    { url: 'redis://redis', words: 'standalone, redis://redis, database 0' },
    { url: 'rediss://redis:6380/3', words: 'standalone, rediss://redis:6380, database 3' },
    { url: 'redis://a:1,redis://b:2', words: 'cluster, redis://a:1, redis://b:2' },
    {
      url: 'redis+sentinel://a:1/shop/2,redis+sentinel://b:2/shop/2',
      words: 'master shop of the sentinels redis+sentinel://a:1, redis+sentinel://b:2, database 2',
    },
  ])('names mode and addresses for $url', ({ url, words }) => {
    const { text } = redisLine(environment({ REDIS_URL: url }), [server]);
    expect(text).toBe(`Redis 7.0.15, ${words}: maxmemory-policy noeviction, append-only`);
  });

  it('has the same as separate fields', () => {
    expect(redisLine(environment(), [server]).facts).toEqual({
      redis: {
        mode: 'standalone',
        addresses: ['redis://redis:6379'],
        database: '0',
        version: '7.0.15',
        maxmemoryPolicy: 'noeviction',
        persistence: 'append-only',
      },
    });
  });
});

describe('every line', () => {
  it('contains no user names and passwords', () => {
    const given = environment({ STRIPE_API_BASE: `https://shop:${PASSWORD}@gateway` });
    const lines = [
      ...processLines(given),
      rabbitmqLine(given, '4.1.0'),
      rabbitmqUnavailableLine(given),
      redisLine(given, []),
      redisUnavailableLine(given),
    ];
    expect(JSON.stringify(lines)).not.toMatch(/shop|hunter2/);
  });
});
