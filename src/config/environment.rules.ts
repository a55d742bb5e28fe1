import type { Environment } from './environment';

/** Problems between variables that are each valid: one sentence each. */
export function contradictions(environment: Environment): string[] {
  return [
    ...leaseOutlivingItsRecord(environment),
    ...severalKindsOfRedis(environment),
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

function insecureInProduction(environment: Environment): string[] {
  if (environment.nodeEnv !== 'production' || environment.allowInsecureUrls) return [];
  const { rabbitmqUrls, redisUrls, stripeApiBase } = environment;
  return [
    ...remote(rabbitmqUrls).flatMap((url) => [...plainText('RABBITMQ_URL', url), ...defaultCredentials(url)]),
    ...remote(redisUrls).flatMap((url) => plainText('REDIS_URL', url)),
    ...remote(stripeApiBase === undefined ? [] : [stripeApiBase]).flatMap((url) =>
      plainText('STRIPE_API_BASE', url),
    ),
  ];
}

/**
 * URLs of the loopback interface are never insecure: the traffic stays on this machine, and RabbitMQ accepts `guest` only
 * from there.
 */
function remote(urls: readonly string[]): URL[] {
  return urls
    .filter((url) => URL.canParse(url))
    .map((url) => new URL(url))
    .filter(({ hostname }) => hostname !== 'localhost' && hostname !== '[::1]' && !/^127\./.test(hostname));
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
function defaultCredentials({ username, password, host }: URL): string[] {
  const isDefault = username === '' || (username === 'guest' && password === 'guest');
  if (!isDefault) return [];
  return [
    `RABBITMQ_URL must not use the default credentials for ${host} in production: give the service a user of its own ` +
      '(ALLOW_INSECURE_URLS=true permits them)',
  ];
}
