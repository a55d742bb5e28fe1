import { InvalidEnvironmentError } from '../../../src/config/invalid-environment.error';
import { parseEnvironment } from '../../../src/config/parse-environment';

type Variables = Record<string, string | undefined>;

const required = {
  RABBITMQ_URL: 'amqp://localhost:5672',
  REDIS_URL: 'redis://localhost:6379',
  STRIPE_API_KEY: 'sk_test_1',
};

const parsing = (variables: Variables) => parseEnvironment({ ...required, ...variables });

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

describe('an environment with only the required variables', () => {
  it('gets the documented defaults', () => {
    expect(parsing({})).toMatchObject({
      nodeEnv: 'development',
      host: '127.0.0.1',
      port: 3000,
      appRoles: ['consumer', 'publisher'],
      rabbitmqPrefetch: 50,
      idempotencyTtlSeconds: 86_400,
      idempotencyLeaseMs: 30_000,
      paymentMaxAttempts: 8,
      gatewayKeyRetentionSeconds: 86_400,
      paymentDefaultCurrency: 'USD',
      stripeApiBase: undefined,
      stripeTimeoutMs: 20_000,
      stripeDefaultPaymentMethod: 'pm_card_visa',
      shutdownTimeoutMs: 25_000,
      logLevel: 'info',
      devEndpoints: true,
      allowInsecureUrls: false,
      requireTimestamp: false,
      keysPerPublisher: false,
      messageMaxBytes: 65_536,
      databaseUrl: '',
      stripeWebhookSecrets: [],
      followUpAfterMs: 60_000,
      readApi: false,
    });
  });

  it('requires timestamps in production by default', () => {
    const production = { NODE_ENV: 'production' };
    expect(parsing(production).requireTimestamp).toBe(true);
    expect(parsing({ ...production, REQUIRE_TIMESTAMP: 'false' }).requireTimestamp).toBe(false);
    expect(parsing({ REQUIRE_TIMESTAMP: 'true' }).requireTimestamp).toBe(true);
  });
});

describe('an environment with every variable set', () => {
  it('is converted to lists, numbers and milliseconds', () => {
    const environment = parsing({
      NODE_ENV: 'test',
      HOST: '::1',
      PORT: '8080',
      APP_ROLES: ' consumer , consumer ',
      RABBITMQ_URL: 'amqps://user:secret@a:5671/payments,amqps://user:secret@b:5671/payments',
      RABBITMQ_PREFETCH: '10',
      REDIS_URL: 'rediss://a:6379, rediss://b:6379',
      IDEMPOTENCY_TTL: '600',
      IDEMPOTENCY_LEASE: '3',
      PAYMENT_MAX_ATTEMPTS: '2',
      GATEWAY_KEY_RETENTION: '7200',
      PAYMENT_DEFAULT_CURRENCY: 'JPY',
      STRIPE_API_BASE: 'http://localhost:12111/',
      STRIPE_TIMEOUT: '5',
      FOLLOW_UP_AFTER: '86400',
      SHUTDOWN_TIMEOUT: '8',
      LOG_LEVEL: 'debug',
      DEV_ENDPOINTS: 'false',
      ALLOW_INSECURE_URLS: 'true',
    });
    expect(environment).toMatchObject({
      nodeEnv: 'test',
      host: '::1',
      port: 8080,
      appRoles: ['consumer'],
      rabbitmqUrls: ['amqps://user:secret@a:5671/payments', 'amqps://user:secret@b:5671/payments'],
      rabbitmqPrefetch: 10,
      redisUrls: ['rediss://a:6379', 'rediss://b:6379'],
      idempotencyTtlSeconds: 600,
      idempotencyLeaseMs: 3000,
      paymentMaxAttempts: 2,
      gatewayKeyRetentionSeconds: 7200,
      paymentDefaultCurrency: 'JPY',
      stripeApiBase: 'http://localhost:12111/',
      stripeTimeoutMs: 5000,
      followUpAfterMs: 86_400_000,
      shutdownTimeoutMs: 8000,
      logLevel: 'debug',
      devEndpoints: false,
      allowInsecureUrls: true,
    });
  });

  it('treats an empty variable as not set', () => {
    expect(parsing({ PORT: '', STRIPE_API_BASE: ' ', DEV_ENDPOINTS: '' })).toMatchObject({
      port: 3000,
      stripeApiBase: undefined,
      devEndpoints: true,
    });
  });
});

describe('the address that the HTTP server listens on', () => {
  it('is the loopback address in development, and all addresses in production', () => {
    const hosts = ['development', 'test', 'production'].map((NODE_ENV) => parsing({ NODE_ENV }).host);
    expect(hosts).toEqual(['127.0.0.1', '127.0.0.1', '0.0.0.0']);
  });

  it.each(['0.0.0.0', '10.0.0.7', '::', 'fe80::1%eth0', 'localhost', 'shop-1', 'Payments.shop.internal'])(
    'is %s if HOST is set to it, in production too',
    (HOST) => {
      expect([parsing({ HOST }).host, parsing({ HOST, NODE_ENV: 'production' }).host]).toEqual([HOST, HOST]);
    },
  );
});

describe('a wrong environment', () => {
  it.each([
    ['NODE_ENV', 'staging'],
    ['HOST', '127.0.0.256'],
    ['HOST', '127.0.0.1:3000'],
    ['HOST', '[::1]'],
    ['HOST', 'http://localhost'],
    ['HOST', 'two words'],
    ['HOST', 'shop..internal'],
    ['HOST', '*'],
    ['HOST', 'a'.repeat(64)],
    ['PORT', '0'],
    ['PORT', '65536'],
    ['PORT', '80a'],
    ['PORT', '-1'],
    ['PORT', '3e3'],
    ['APP_ROLES', 'consumer,cashier'],
    ['APP_ROLES', ','],
    ['RABBITMQ_URL', 'http://localhost:5672'],
    ['RABBITMQ_URL', 'localhost:5672'],
    ['RABBITMQ_URL', 'amqp://'],
    ['RABBITMQ_URL', 'amqp://a:5672,redis://b:6379'],
    ['RABBITMQ_PREFETCH', '0'],
    ['REDIS_URL', 'amqp://localhost:6379'],
    ['IDEMPOTENCY_TTL', '1.5'],
    ['IDEMPOTENCY_LEASE', '0'],
    ['PAYMENT_MAX_ATTEMPTS', 'many'],
    ['GATEWAY_KEY_RETENTION', '24h'],
    ['PAYMENT_DEFAULT_CURRENCY', 'usd'],
    ['PAYMENT_DEFAULT_CURRENCY', 'ZZZ'],
    ['PAYMENT_DEFAULT_CURRENCY', 'BGN'],
    ['PAYMENT_DEFAULT_CURRENCY', 'XTS'],
    ['PAYMENT_DEFAULT_CURRENCY', 'toString'],
    ['STRIPE_API_KEY', 'sk test'],
    ['STRIPE_API_BASE', 'localhost:12111'],
    ['STRIPE_API_BASE', 'https://gateway.example/v1'],
    ['STRIPE_TIMEOUT', '601'],
    ['STRIPE_DEFAULT_PAYMENT_METHOD', 'pm card'],
    ['FOLLOW_UP_AFTER', '0'],
    ['FOLLOW_UP_AFTER', '86401'],
    ['SHUTDOWN_TIMEOUT', '-5'],
    ['LOG_LEVEL', 'loud'],
    ['DEV_ENDPOINTS', 'yes'],
    ['REQUIRE_TIMESTAMP', '1'],
    ['KEYS_PER_PUBLISHER', 'yes'],
    ['MESSAGE_MAX_BYTES', '64kB'],
    ['MESSAGE_MAX_BYTES', '16777217'],
    ['ALLOW_INSECURE_URLS', '1'],
  ])('is refused because of %s=%s', (name, value) => {
    expect(problemsOf({ ...required, [name]: value })).toEqual([expect.stringMatching(`^${name} must be `)]);
  });

  it('is reported completely in one error', () => {
    const problems = problemsOf({
      PORT: 'abc',
      LOG_LEVEL: 'loud',
      IDEMPOTENCY_LEASE: '0',
      REDIS_URL: 'redis://localhost',
    });
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
      'PORT',
      'RABBITMQ_URL',
      'IDEMPOTENCY_LEASE',
      'STRIPE_API_KEY',
      'LOG_LEVEL',
    ]);
  });

  it('is reported with the problem and the allowed values', () => {
    expect(() => parsing({ PORT: 'abc' })).toThrow(
      'PORT must be a whole number from 1 to 65535, but is "abc"',
    );
  });

  it('is reported with the missing variables', () => {
    expect(problemsOf({ ...required, STRIPE_API_KEY: undefined })).toEqual([
      'STRIPE_API_KEY is missing; it must be a secret key of the gateway, without spaces',
    ]);
  });

  it('does not reveal a secret in the error', () => {
    const secrets = {
      STRIPE_API_KEY: 'sk_live_canary canary',
      RABBITMQ_URL: 'http://user:canary@broker:5672',
      REDIS_URL: 'canary',
      STRIPE_API_BASE: 'ftp://user:canary@gateway',
    };
    expect(problemsOf(secrets).join()).not.toContain('canary');
  });
});

describe('receipts', () => {
  const smtp = { SMTP_URL: 'smtp://user:hunter2hunter2@mail.example', RECEIPT_FROM: 'receipts@localhost' };

  it('are off without SMTP_URL, whatever else is set', () => {
    expect(parseEnvironment({ ...required, RECEIPT_FROM: 'nobody' }).smtpUrl).toBe('');
  });

  it('require a mail server and a sender', () => {
    expect(parseEnvironment({ ...required, ...smtp })).toMatchObject({
      smtpUrl: smtp.SMTP_URL,
      receiptFrom: smtp.RECEIPT_FROM,
    });
  });

  it.each([undefined, 'nobody', 'Shop <receipts@localhost>'])('reject the sender %p', (sender) => {
    const problems = problemsOf({ ...required, ...smtp, RECEIPT_FROM: sender });
    expect(problems).toEqual([expect.stringMatching(/^RECEIPT_FROM .* an e-mail address/)]);
  });

  it('require an SMTP URL, which is not shown in the error', () => {
    const problems = problemsOf({
      ...required,
      ...smtp,
      SMTP_URL: 'https://user:hunter2hunter2@mail.example',
    });
    expect(problems).toEqual([expect.stringMatching(/^SMTP_URL must be ((?!hunter2)[^])*$/)]);
  });
});
