import type { Environment } from './environment';

/** What is wrong although each variable alone is right: one sentence each, empty if nothing is. */
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
      'a payment must be remembered for longer than it is worked on',
  ];
}

/** Sentinels of one master, named by each of them; or none at all. */
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
 * What stays on this machine cannot be overheard on the way, and RabbitMQ itself lets `guest` in from there only;
 * so a URL of the loopback interface is never insecure.
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

/** A URL without a name means guest:guest to the AMQP client. */
function defaultCredentials({ username, password, host }: URL): string[] {
  const isDefault = username === '' || (username === 'guest' && password === 'guest');
  if (!isDefault) return [];
  return [
    `RABBITMQ_URL must not use the default credentials for ${host} in production: give the service a user of its own ` +
      '(ALLOW_INSECURE_URLS=true permits them)',
  ];
}
