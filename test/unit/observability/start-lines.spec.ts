import type { Environment } from '../../../src/config/environment';
import { parseEnvironment } from '../../../src/config/parse-environment';
import {
  processLines,
  processWarnings,
  rabbitmqAwayLine,
  rabbitmqLine,
  redisAwayLine,
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
  it('say what it does, where HTTP is answered, and where the gateway is', () => {
    const variables = { PORT: '8080', STRIPE_API_BASE: 'http://sandbox:12111' };
    expect(texts(variables)).toEqual([
      `Payment service: roles consumer and publisher, environment development, Node.js ${process.versions.node}`,
      'HTTP http://localhost:8080, bound to 127.0.0.1: / (console), /docs, /dead-letters, /payments, /health/live, /health/ready, /metrics',
      'Gateway http://sandbox:12111',
      'Requests: REQUIRE_TIMESTAMP is off: one without a timestamp counts as new, however old it is. KEYS_PER_PUBLISHER is off: who publishes first under a key has it',
      'Receipts are switched off: SMTP_URL is empty',
    ]);
  });

  it('say what of a request is not taken on trust', () => {
    expect(
      texts({ NODE_ENV: 'production', KEYS_PER_PUBLISHER: 'true', ALLOW_INSECURE_URLS: 'true' }),
    ).toContain(
      'Requests: REQUIRE_TIMESTAMP is on: one without a timestamp is refused. KEYS_PER_PUBLISHER is on: keys belong to the user who publishes',
    );
    expect(texts({ APP_ROLES: 'publisher' }).join()).not.toContain('REQUIRE_TIMESTAMP');
  });

  it('do not speak of receipts where they are sent, nor in a publisher', () => {
    const sent = { SMTP_URL: 'smtp://mail', RECEIPT_FROM: 'shop@example.com' };
    expect([...texts(sent), ...texts({ APP_ROLES: 'publisher' })].join()).not.toContain('Receipts');
  });

  it('name the gateway that is used when none is given', () => {
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
  ])('name only what there is with $variables', ({ variables, paths }) => {
    expect(texts(variables)).toContain(`HTTP http://localhost:3000, bound to 127.0.0.1: ${paths}`);
  });

  it.each([
    { variables: { HOST: '0.0.0.0' }, place: 'http://localhost:3000, bound to 0.0.0.0' },
    { variables: { NODE_ENV: 'production' }, place: 'http://localhost:3000, bound to 0.0.0.0' },
    { variables: { HOST: '::' }, place: 'http://localhost:3000, bound to ::' },
    { variables: { HOST: '::1' }, place: 'http://[::1]:3000, bound to ::1' },
    { variables: { HOST: '10.0.0.7' }, place: 'http://10.0.0.7:3000, bound to 10.0.0.7' },
    { variables: { HOST: 'payments' }, place: 'http://payments:3000, bound to payments' },
  ])('say with $variables what HTTP is bound to, and where it is reached', ({ variables, place }) => {
    expect(texts({ ...variables, ALLOW_INSECURE_URLS: 'true' }).join('\n')).toContain(`HTTP ${place}: /`);
  });

  it('do not speak of a gateway that a publisher never calls', () => {
    expect(texts({ APP_ROLES: 'publisher' }).filter((text) => text.startsWith('Gateway'))).toEqual([]);
  });
});

describe('warnings about the process', () => {
  const trial = { DEV_ENDPOINTS: 'true', ALLOW_INSECURE_URLS: 'true' };

  it('name what is dangerous in production', () => {
    expect(processWarnings(environment({ ...trial, NODE_ENV: 'production' }))).toEqual([
      expect.stringMatching(/^DEV_ENDPOINTS is true in production: .*; unset it/),
      expect.stringMatching(/^ALLOW_INSECURE_URLS is true in production: .*; unset it/),
    ]);
  });

  it('are not given during development', () => {
    expect(processWarnings(environment(trial))).toEqual([]);
  });
});

describe('the line about RabbitMQ', () => {
  it('says for a consumer what it takes, and how much at a time', () => {
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

  it('does not speak of receipts where they are switched off', () => {
    expect(rabbitmqLine(environment({}), '4.1.0').text).toMatch(/: takes from payments\.charge, 50 messages/);
  });

  it('says for a publisher where it publishes', () => {
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
  ])('says where it is for $url', ({ url, words }) => {
    const { text } = redisLine(environment({ REDIS_URL: url }), [server]);
    expect(text).toBe(`Redis 7.0.15, ${words}: maxmemory-policy noeviction, append-only`);
  });

  it('has the same in parts', () => {
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
  it('keeps the logins to itself', () => {
    const given = environment({ STRIPE_API_BASE: `https://shop:${PASSWORD}@gateway` });
    const lines = [
      ...processLines(given),
      rabbitmqLine(given, '4.1.0'),
      rabbitmqAwayLine(given),
      redisLine(given, []),
      redisAwayLine(given),
    ];
    expect(JSON.stringify(lines)).not.toMatch(/shop|hunter2/);
  });
});
