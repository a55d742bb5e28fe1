import { IsEmail, IsIn, IsOptional, Matches, ValidateBy, ValidateIf } from 'class-validator';
import { currencyCodes } from '../money/currencies';
import { isDatabaseUrl } from './database-url';
import {
  Flag,
  isHost,
  isUrl,
  SecondsAsMs,
  Secrets,
  Urls,
  Variable,
  WholeNumber,
  Words,
} from './variable.decorators';

export type AppRole = 'consumer' | 'publisher';
export type NodeEnvironment = 'development' | 'test' | 'production';
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

const APP_ROLES: readonly AppRole[] = ['consumer', 'publisher'];
const NODE_ENVIRONMENTS: readonly NodeEnvironment[] = ['development', 'test', 'production'];
const LOG_LEVELS: readonly LogLevel[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/** Timers cannot run longer than 24.8 days, and no wait in this service should be longer than a day. */
const ONE_DAY_SECONDS = 86_400;
/** Records are kept for weeks at most; the limit detects milliseconds given instead of seconds. */
const TEN_YEARS_SECONDS = 315_360_000;
/** RabbitMQ 4 accepts no larger message by default. */
const SIXTEEN_MEGABYTES = 16_777_216;

/**
 * The configuration of the service, read and checked once at start. Inject it anywhere:
 * `constructor(private readonly environment: Environment)`. The initial values are the defaults; a variable
 * without one must be set.
 */
export class Environment {
  @Variable('NODE_ENV', `one of ${NODE_ENVIRONMENTS.join(', ')}`)
  @IsIn(NODE_ENVIRONMENTS)
  readonly nodeEnv: NodeEnvironment = 'development';

  /** The address that the HTTP server listens on; in production all addresses. */
  @Variable('HOST', 'an IP address of this machine, or a name of it')
  @ValidateBy({ name: 'isHost', validator: { validate: isHost } })
  readonly host: string = '127.0.0.1';

  /** HTTP port. */
  @WholeNumber('PORT', { maximum: 65_535 })
  readonly port: number = 3000;

  /** What this process does: consume payments, publish them, or both. */
  @Words('APP_ROLES', APP_ROLES)
  readonly appRoles: AppRole[] = ['consumer', 'publisher'];

  /** One URL, or the nodes of a cluster. */
  @Urls('RABBITMQ_URL', ['amqp:', 'amqps:'])
  readonly rabbitmqUrls: string[] = [];

  /** Messages in flight per consumer; each may mean one call to the gateway. */
  @WholeNumber('RABBITMQ_PREFETCH', { maximum: 65_535 })
  readonly rabbitmqPrefetch: number = 50;

  /** One URL, the nodes of a Redis Cluster, or the sentinels of a master: `redis+sentinel://host:port/master`. */
  @Urls('REDIS_URL', ['redis:', 'rediss:', 'redis+sentinel:', 'rediss+sentinel:'])
  readonly redisUrls: string[] = [];

  /** The PostgreSQL database of the ledger; if empty, there is no ledger. */
  @Variable(
    'DATABASE_URL',
    'a URL such as postgresql://user:password@host:5432/database, with none of these in its query',
    { secret: true },
  )
  @ValidateIf(({ databaseUrl }: Environment) => databaseUrl !== '')
  @ValidateBy({ name: 'isDatabaseUrl', validator: { validate: isDatabaseUrl } })
  readonly databaseUrl: string = '';

  /** How long a finished payment is remembered; duplicates are recognised for this long. */
  @WholeNumber('IDEMPOTENCY_TTL', { maximum: TEN_YEARS_SECONDS, unit: 'seconds' })
  readonly idempotencyTtlSeconds: number = ONE_DAY_SECONDS;

  /** Whether a payment request must have a timestamp: without one its age cannot be checked. */
  @Flag('REQUIRE_TIMESTAMP')
  readonly requireTimestamp: boolean = false;

  /** Whether the broker user who published a payment request is part of its key. */
  @Flag('KEYS_PER_PUBLISHER')
  readonly keysPerPublisher: boolean = false;

  /** The longest body of a message that is parsed. */
  @WholeNumber('MESSAGE_MAX_BYTES', { maximum: SIXTEEN_MEGABYTES, unit: 'bytes' })
  readonly messageMaxBytes: number = 65_536;

  /** How far the clocks of publishers may be off. */
  @SecondsAsMs('PUBLISHER_CLOCK_TOLERANCE', { maximumSeconds: ONE_DAY_SECONDS })
  readonly publisherClockToleranceMs: number = 300_000;

  /** How long a consumer owns a payment without renewal; another consumer takes over this long after a crash. */
  @SecondsAsMs('IDEMPOTENCY_LEASE', { maximumSeconds: ONE_DAY_SECONDS })
  readonly idempotencyLeaseMs: number = 30_000;

  /** Attempts at the gateway before a payment becomes a dead letter. */
  @WholeNumber('PAYMENT_MAX_ATTEMPTS', { maximum: 1000 })
  readonly paymentMaxAttempts: number = 8;

  /** How long the gateway recognises a repeated idempotency key. */
  @WholeNumber('GATEWAY_KEY_RETENTION', { maximum: TEN_YEARS_SECONDS, unit: 'seconds' })
  readonly gatewayKeyRetentionSeconds: number = ONE_DAY_SECONDS;

  /** For payments without a currency. */
  @Variable('PAYMENT_DEFAULT_CURRENCY', 'a currency that the gateway charges in, in capitals, such as USD')
  @IsIn(currencyCodes())
  readonly paymentDefaultCurrency: string = 'USD';

  @Variable('STRIPE_API_KEY', 'a secret key of the gateway, without spaces', { secret: true })
  @Matches(/^[\x21-\x7e]+$/)
  readonly stripeApiKey: string = '';

  /** The gateway's address, if it is not Stripe: scheme, host and port. */
  @Variable('STRIPE_API_BASE', 'an http:// or https:// URL without a path', { secret: true })
  @IsOptional()
  @ValidateBy({ name: 'isApiBase', validator: { validate: isApiBase } })
  readonly stripeApiBase?: string;

  /** How long one call to the gateway may take. */
  @SecondsAsMs('STRIPE_TIMEOUT', { maximumSeconds: 600 })
  readonly stripeTimeoutMs: number = 20_000;

  /** For payments without a payment method. */
  @Variable('STRIPE_DEFAULT_PAYMENT_METHOD', 'a payment method of the gateway, such as pm_card_visa')
  @Matches(/^\w{1,255}$/)
  readonly stripeDefaultPaymentMethod: string = 'pm_card_visa';

  /** What webhooks of the gateway are signed with: two while one replaces the other; if empty, none are accepted. */
  @Secrets(
    'STRIPE_WEBHOOK_SECRET',
    'whsec_ and at least 16 other characters without spaces, or two of these separated by a comma',
    { pattern: /^whsec_[\x21-\x7e]{16,}$/, maximum: 2 },
  )
  readonly stripeWebhookSecrets: readonly string[] = [];

  /** After how long a payment whose outcome comes later is looked up for the first time; the pauses then grow. */
  @SecondsAsMs('FOLLOW_UP_AFTER', { maximumSeconds: ONE_DAY_SECONDS })
  readonly followUpAfterMs: number = 60_000;

  /** The mail server for receipts; if empty, none are sent. */
  @Variable('SMTP_URL', 'a URL that begins with smtp:// or smtps://', { secret: true })
  @ValidateIf(({ smtpUrl }: Environment) => smtpUrl !== '')
  @ValidateBy({ name: 'isSmtpUrl', validator: { validate: (url) => isUrl(url, ['smtp:', 'smtps:']) } })
  readonly smtpUrl: string = '';

  /** The sender of receipts. */
  @Variable('RECEIPT_FROM', 'an e-mail address, because SMTP_URL is set')
  @ValidateIf(({ smtpUrl }: Environment) => smtpUrl !== '')
  @IsEmail({ require_tld: false })
  readonly receiptFrom: string = '';

  /** How long payments in flight may take to finish after SIGTERM; the others go back to the queue. */
  @SecondsAsMs('SHUTDOWN_TIMEOUT', { maximumSeconds: 3600 })
  readonly shutdownTimeoutMs: number = 25_000;

  /** Where traces are sent, as OTLP over HTTP; without it none are recorded. */
  @Variable('OTEL_EXPORTER_OTLP_ENDPOINT', 'an http:// or https:// URL', { secret: true })
  @IsOptional()
  @ValidateBy({ name: 'isOtlpUrl', validator: { validate: (url) => isUrl(url, ['http:', 'https:']) } })
  readonly otlpEndpoint?: string;

  @Variable('LOG_LEVEL', `one of ${LOG_LEVELS.join(', ')}`)
  @IsIn(LOG_LEVELS)
  readonly logLevel: LogLevel = 'info';

  /** The HTTP endpoints for development; off in production unless switched on. */
  @Flag('DEV_ENDPOINTS')
  readonly devEndpoints: boolean = false;

  /** Whether GET /payments lists the payments of the ledger. */
  @Flag('READ_API')
  readonly readApi: boolean = false;

  /** Permits default credentials and unencrypted connections to other hosts in production. */
  @Flag('ALLOW_INSECURE_URLS')
  readonly allowInsecureUrls: boolean = false;
}

function isApiBase(value: unknown): boolean {
  if (!isUrl(value, ['http:', 'https:'])) return false;
  const { pathname, search, hash } = new URL(value);
  return pathname === '/' && search === '' && hash === '';
}
