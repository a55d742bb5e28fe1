import { isEncryptedDatabase } from './database-url';
import type { Environment } from './environment';

/** Problems between variables that are each valid: one sentence each. */
export function contradictions(environment: Environment): string[] {
  return [
    ...leaseOutlivingItsRecord(environment),
    ...severalKindsOfRedis(environment),
    ...listWithoutLedger(environment),
    ...insecureInProduction(environment),
  ];
}

function leaseOutlivingItsRecord(environment: Environment): string[] {
  const { idempotencyTtlSeconds, idempotencyLeaseMs } = environment;
  if (!(idempotencyTtlSeconds * 1000 < idempotencyLeaseMs)) return [];
  return [
    `IDEMPOTENCY_TTL (${idempotencyTtlSeconds} s) must be at least IDEMPOTENCY_LEASE (${idempotencyLeaseMs / 1000} s): ` +
      'the record of a payment must last at least as long as its lease',
  ];
}

/** Each sentinel URL must name the same master, and there must be no other URLs beside them. */
function severalKindsOfRedis({ redisUrls }: Environment): string[] {
  const urls = redisUrls.filter((url) => URL.canParse(url)).map((url) => new URL(url));
  const isSentinel = ({ protocol }: URL) => protocol.endsWith('+sentinel:');
  if (!urls.some(isSentinel)) return [];
  const masters = new Set(urls.map(({ protocol, pathname }) => `${protocol}${pathname}`));
  if (masters.size === 1 && urls.every(({ pathname }) => /^\/[^/]+(\/\d{1,5})?$/.test(pathname))) return [];
  return [
    'REDIS_URL must name the same master in each of its sentinels: redis+sentinel://host:port/master, ' +
      'or redis+sentinel://host:port/master/database',
  ];
}

function listWithoutLedger({ readApi, databaseUrl }: Environment): string[] {
  if (!readApi || databaseUrl !== '') return [];
  return [
    'READ_API must not be true while DATABASE_URL is empty: GET /payments lists what the ledger has. ' +
      'Set DATABASE_URL, or READ_API=false',
  ];
}

function insecureInProduction(environment: Environment): string[] {
  if (environment.nodeEnv !== 'production' || environment.allowInsecureUrls) return [];
  const { rabbitmqUrls, redisUrls, databaseUrl, stripeApiBase } = environment;
  return [
    ...remote(rabbitmqUrls).flatMap((url) => [...plainText('RABBITMQ_URL', url), ...guest(url)]),
    ...remote(redisUrls).flatMap((url) => plainText('REDIS_URL', url)),
    ...remote([databaseUrl]).flatMap((url) => [...plainDatabase(url), ...defaultDatabaseUser(url)]),
    ...remote(stripeApiBase === undefined ? [] : [stripeApiBase]).flatMap((url) =>
      plainText('STRIPE_API_BASE', url),
    ),
  ];
}

/**
 * URLs of the loopback interface, or of a socket file (`%2F…`), are never insecure: the traffic stays on this machine, and
 * RabbitMQ accepts `guest` only from there.
 */
function remote(urls: readonly string[]): URL[] {
  return urls
    .filter((url) => URL.canParse(url))
    .map((url) => new URL(url))
    .filter(
      ({ hostname }) => hostname !== 'localhost' && hostname !== '[::1]' && !/^(127\.|%2f)/i.test(hostname),
    );
}

function plainText(name: string, { protocol, host }: URL): string[] {
  const unencrypted: Record<string, string[]> = {
    RABBITMQ_URL: ['amqp:'],
    REDIS_URL: ['redis:', 'redis+sentinel:'],
    STRIPE_API_BASE: ['http:'],
  };
  if (!unencrypted[name]?.includes(protocol)) return [];
  const encrypted = protocol.replace(/^[a-z]+/, '$&s');
  return [
    `${name} must use ${encrypted}// for ${host} in production: ${protocol}// is not encrypted ` +
      '(ALLOW_INSECURE_URLS=true permits it)',
  ];
}

/** Without a user name in the URL the AMQP client uses guest:guest. */
function guest({ username, password, host }: URL): string[] {
  const isDefault = username === '' || (username === 'guest' && password === 'guest');
  return isDefault ? [defaultCredentials('RABBITMQ_URL', host)] : [];
}

function plainDatabase(url: URL): string[] {
  if (isEncryptedDatabase(url)) return [];
  return [
    `DATABASE_URL must have sslmode=verify-full in its query for ${url.host} in production (or require, or verify-ca): ` +
      'without it the connection is not encrypted (ALLOW_INSECURE_URLS=true permits it)',
  ];
}

/** PostgreSQL has no default password, but many images and examples have this one. */
function defaultDatabaseUser({ username, password, host }: URL): string[] {
  const isDefault = username === 'postgres' && password === 'postgres';
  return isDefault ? [defaultCredentials('DATABASE_URL', host)] : [];
}

function defaultCredentials(name: string, host: string): string {
  return (
    `${name} must not use the default credentials for ${host} in production: give the service a user of its own ` +
    '(ALLOW_INSECURE_URLS=true permits them)'
  );
}
