import { unescape } from 'node:querystring';
import { addressOf } from '../../config/address';
import type { Environment } from '../../config/environment';
import { PAYMENTS_EXCHANGE, workQueues } from '../../messaging/topology';
import { summaryOf, type RedisFacts } from '../../redis/redis-facts';
import { redisLocation } from '../../redis/redis-location';

/** One line of the start report: a text to read, and its parts as fields to search. */
export interface StartLine {
  readonly text: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

const STRIPE = 'https://api.stripe.com';

/** The roles and settings of this process, and its addresses. */
export function processLines(environment: Environment): StartLine[] {
  const { appRoles: roles, nodeEnv, host, smtpUrl } = environment;
  const url = urlOf(environment);
  const paths = pathsOf(environment);
  const gateway = addressOf(environment.stripeApiBase ?? STRIPE);
  const node = process.versions.node;
  return [
    {
      text: `Payment service: roles ${roles.join(' and ')}, environment ${nodeEnv}, Node.js ${node}`,
      facts: { service: { roles, environment: nodeEnv, node } },
    },
    {
      text: `HTTP ${url}, bound to ${host}: ${paths.map(named).join(', ')}`,
      facts: { http: { url, host, paths } },
    },
    ...(roles.includes('consumer') ? [{ text: `Gateway ${gateway}`, facts: { gateway } }] : []),
    ...(roles.includes('consumer') ? [requestRulesLine(environment)] : []),
    ledgerLine(environment),
    webhooksLine(environment),
    ...(roles.includes('consumer') && smtpUrl === ''
      ? [{ text: 'Receipts are switched off: SMTP_URL is empty', facts: { receipts: false } }]
      : []),
  ];
}

/** The URL of the service on this machine. */
function urlOf({ host, port }: Environment): string {
  if (['0.0.0.0', '::', '127.0.0.1'].includes(host)) return `http://localhost:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Whether timestamps are required, and whether each publisher has its own keys. */
function requestRulesLine({ requireTimestamp, keysPerPublisher }: Environment): StartLine {
  const age = requireTimestamp
    ? 'REQUIRE_TIMESTAMP is on: a request without a timestamp is rejected'
    : 'REQUIRE_TIMESTAMP is off: a request without a timestamp counts as new, whatever its age';
  const keys = keysPerPublisher
    ? 'KEYS_PER_PUBLISHER is on: each publisher has its own keys'
    : 'KEYS_PER_PUBLISHER is off: publishers share keys; the first request under a key wins';
  return { text: `Requests: ${age}. ${keys}`, facts: { requests: { requireTimestamp, keysPerPublisher } } };
}

/** Where the ledger is, and whether it can be listed. */
function ledgerLine({ databaseUrl, readApi }: Environment): StartLine {
  if (databaseUrl === '')
    return { text: 'There is no ledger: DATABASE_URL is empty', facts: { ledger: false } };
  const address = addressOf(databaseUrl);
  const database = unescape(new URL(databaseUrl).pathname.slice(1));
  const list = readApi ? 'READ_API is on: GET /payments lists it' : 'READ_API is off: it cannot be listed';
  return {
    text: `Ledger ${address}, database ${database}. ${list}`,
    facts: { ledger: { address, database, readApi } },
  };
}

function webhooksLine({ stripeWebhookSecrets }: Environment): StartLine {
  return stripeWebhookSecrets.length === 0
    ? { text: 'Webhooks are switched off: STRIPE_WEBHOOK_SECRET is empty', facts: { webhooks: false } }
    : { text: 'Webhooks are accepted: POST /webhooks/stripe', facts: { webhooks: true } };
}

function pathsOf({ appRoles, devEndpoints, readApi, stripeWebhookSecrets }: Environment): string[] {
  const publishes = appRoles.includes('publisher');
  const takesWebhooks = appRoles.includes('consumer') && stripeWebhookSecrets.length > 0;
  return [
    ...(devEndpoints && publishes ? ['/'] : []),
    ...(devEndpoints ? ['/docs', '/dead-letters'] : []),
    ...((devEndpoints && publishes) || readApi ? ['/payments'] : []),
    ...(takesWebhooks ? ['/webhooks/stripe'] : []),
    '/health/live',
    '/health/ready',
    '/metrics',
  ];
}

function named(path: string): string {
  return path === '/' ? '/ (console)' : path;
}

/** Settings that are useful for development, and dangerous in production. */
export function processWarnings(environment: Environment): string[] {
  const { nodeEnv, devEndpoints, readApi, allowInsecureUrls } = environment;
  if (nodeEnv !== 'production') return [];
  return [
    ...(devEndpoints
      ? [
          'DEV_ENDPOINTS is true in production: any client that reaches the HTTP port can publish payments, and replay or ' +
            'drop dead letters; unset it, or restrict access to the port',
        ]
      : []),
    ...(readApi
      ? [
          'READ_API is true in production: any client that reaches the HTTP port can list payments, without their ' +
            'customers; unset it, or restrict access to the port',
        ]
      : []),
    ...(allowInsecureUrls
      ? [
          'ALLOW_INSECURE_URLS is true in production: passwords and payments may travel unencrypted; unset it, and the ' +
            'next start names the URLs that must change',
        ]
      : []),
  ];
}

export function rabbitmqLine(environment: Environment, version: string): StartLine {
  const { rabbitmqPrefetch: prefetch, appRoles } = environment;
  const { addresses, virtualHost } = rabbitmqPlace(environment);
  const queues = workQueues(environment).map(({ name }) => name);
  const consumes = appRoles.includes('consumer');
  const work = consumes
    ? `takes from ${queues.join(' and ')}, ${prefetch} messages at a time`
    : `publishes to ${PAYMENTS_EXCHANGE}`;
  return {
    text: `RabbitMQ ${version}, ${addresses.join(', ')}, virtual host ${virtualHost}: ${work}`,
    facts: { rabbitmq: { version, addresses, virtualHost, ...(consumes && { queues, prefetch }) } },
  };
}

export function rabbitmqUnavailableLine(environment: Environment): StartLine {
  const { addresses, virtualHost } = rabbitmqPlace(environment);
  return {
    text:
      `RabbitMQ is not connected yet: ${addresses.join(', ')}, virtual host ${virtualHost}. ` +
      'The service keeps trying; until then no message is taken or published',
    facts: { rabbitmq: { addresses, virtualHost } },
  };
}

function rabbitmqPlace({ rabbitmqUrls }: Environment): { addresses: string[]; virtualHost: string } {
  const [path = ''] = rabbitmqUrls.map((url) => new URL(url).pathname.slice(1));
  // As the client decodes it.
  return { addresses: rabbitmqUrls.map(addressOf), virtualHost: unescape(path) || '/' };
}

export function redisLine(environment: Environment, servers: readonly RedisFacts[]): StartLine {
  const { text: where, ...place } = redisPlace(environment);
  const facts = summaryOf(servers);
  return {
    text: `Redis ${facts.version}, ${where}: maxmemory-policy ${facts.maxmemoryPolicy}, ${facts.persistence}`,
    facts: { redis: { ...place, ...facts } },
  };
}

export function redisUnavailableLine(environment: Environment): StartLine {
  const { text: where, ...place } = redisPlace(environment);
  return {
    text: `Redis is not connected yet: ${where}. The service keeps trying; until then nothing is charged`,
    facts: { redis: place },
  };
}

interface RedisPlace {
  readonly text: string;
  readonly mode: string;
  readonly addresses: string[];
  readonly database?: string;
}

function redisPlace({ redisUrls }: Environment): RedisPlace {
  const location = redisLocation(redisUrls);
  const addresses = redisUrls.map(addressOf);
  const list = addresses.join(', ');
  switch (location.kind) {
    case 'standalone': {
      const database = new URL(location.url).pathname.slice(1) || '0';
      const text = `standalone, ${list}, database ${database}`;
      return { text, mode: location.kind, addresses, database };
    }
    case 'cluster':
      return { text: `cluster, ${list}`, mode: location.kind, addresses };
    case 'sentinel': {
      const { name, database } = location.master;
      const text = `master ${name} of the sentinels ${list}, database ${database}`;
      return { text, mode: location.kind, addresses, database: String(database) };
    }
    default:
      return location satisfies never;
  }
}
