import { unescape } from 'node:querystring';
import { addressOf } from '../../config/address';
import type { Environment } from '../../config/environment';
import { PAYMENTS_EXCHANGE, workQueues } from '../../messaging/topology';
import { summaryOf, type RedisFacts } from '../../redis/redis-facts';
import { redisLocation } from '../../redis/redis-location';

/** One thing that is said at the start: to people, and in parts to those who search logs. */
export interface StartLine {
  readonly text: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

const STRIPE = 'https://api.stripe.com';

/** What this process is, and where it can be reached. */
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
    ...(roles.includes('consumer') && smtpUrl === ''
      ? [{ text: 'Receipts are switched off: SMTP_URL is empty', facts: { receipts: false } }]
      : []),
  ];
}

/** Where somebody on this machine reaches it. */
function urlOf({ host, port }: Environment): string {
  if (['0.0.0.0', '::', '127.0.0.1'].includes(host)) return `http://localhost:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** What of a request is taken on trust. */
function requestRulesLine({ requireTimestamp, keysPerPublisher }: Environment): StartLine {
  const age = requireTimestamp
    ? 'REQUIRE_TIMESTAMP is on: one without a timestamp is refused'
    : 'REQUIRE_TIMESTAMP is off: one without a timestamp counts as new, however old it is';
  const keys = keysPerPublisher
    ? 'KEYS_PER_PUBLISHER is on: keys belong to the user who publishes'
    : 'KEYS_PER_PUBLISHER is off: who publishes first under a key has it';
  return { text: `Requests: ${age}. ${keys}`, facts: { requests: { requireTimestamp, keysPerPublisher } } };
}

function pathsOf({ appRoles, devEndpoints }: Environment): string[] {
  const publishes = appRoles.includes('publisher');
  return [
    ...(devEndpoints && publishes ? ['/'] : []),
    ...(devEndpoints ? ['/docs', '/dead-letters'] : []),
    ...(devEndpoints && publishes ? ['/payments'] : []),
    '/health/live',
    '/health/ready',
    '/metrics',
  ];
}

function named(path: string): string {
  return path === '/' ? '/ (console)' : path;
}

/** What is right for a trial, and dangerous where real money moves. */
export function processWarnings({ nodeEnv, devEndpoints, allowInsecureUrls }: Environment): string[] {
  if (nodeEnv !== 'production') return [];
  return [
    ...(devEndpoints
      ? [
          'DEV_ENDPOINTS is true in production: whoever reaches the HTTP port can publish payments, and replay or drop ' +
            'dead letters; unset it, or let nobody else reach the port',
        ]
      : []),
    ...(allowInsecureUrls
      ? [
          'ALLOW_INSECURE_URLS is true in production: passwords and payments may travel unencrypted; unset it, and the ' +
            'start names the URLs that must change',
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

export function rabbitmqAwayLine(environment: Environment): StartLine {
  const { addresses, virtualHost } = rabbitmqPlace(environment);
  return {
    text:
      `RabbitMQ is not connected yet: ${addresses.join(', ')}, virtual host ${virtualHost}. ` +
      'It is tried again and again; until then no message is taken or published',
    facts: { rabbitmq: { addresses, virtualHost } },
  };
}

function rabbitmqPlace({ rabbitmqUrls }: Environment): { addresses: string[]; virtualHost: string } {
  const [path = ''] = rabbitmqUrls.map((url) => new URL(url).pathname.slice(1));
  // As the client decodes it.
  return { addresses: rabbitmqUrls.map(addressOf), virtualHost: unescape(path) || '/' };
}

export function redisLine(environment: Environment, servers: readonly RedisFacts[]): StartLine {
  const { words, ...place } = redisPlace(environment);
  const facts = summaryOf(servers);
  return {
    text: `Redis ${facts.version}, ${words}: maxmemory-policy ${facts.maxmemoryPolicy}, ${facts.persistence}`,
    facts: { redis: { ...place, ...facts } },
  };
}

export function redisAwayLine(environment: Environment): StartLine {
  const { words, ...place } = redisPlace(environment);
  return {
    text: `Redis is not connected yet: ${words}. It is tried again and again; until then nothing is charged`,
    facts: { redis: place },
  };
}

interface RedisPlace {
  readonly words: string;
  readonly mode: string;
  readonly addresses: string[];
  readonly database?: string;
}

function redisPlace({ redisUrls }: Environment): RedisPlace {
  const location = redisLocation(redisUrls);
  const addresses = redisUrls.map(addressOf);
  const where = addresses.join(', ');
  switch (location.kind) {
    case 'standalone': {
      const database = new URL(location.url).pathname.slice(1) || '0';
      const words = `standalone, ${where}, database ${database}`;
      return { words, mode: location.kind, addresses, database };
    }
    case 'cluster':
      return { words: `cluster, ${where}`, mode: location.kind, addresses };
    case 'sentinel': {
      const { name, database } = location.master;
      const words = `master ${name} of the sentinels ${where}, database ${database}`;
      return { words, mode: location.kind, addresses, database: String(database) };
    }
    default:
      return location satisfies never;
  }
}
