/** The Redis servers that `REDIS_URL` names. */
export type RedisLocation =
  | { readonly kind: 'standalone'; readonly url: string }
  | { readonly kind: 'cluster'; readonly urls: string[]; readonly login: RedisLogin }
  | { readonly kind: 'sentinel'; readonly sentinels: RedisAddress[]; readonly master: RedisMaster };

export interface RedisLogin {
  readonly username?: string;
  readonly password?: string;
  readonly encrypted: boolean;
}

interface RedisMaster extends RedisLogin {
  /** Its name at the sentinels. */
  readonly name: string;
  readonly database: number;
}

interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

const SENTINEL_PORT = 26_379;

/**
 * One `redis://` URL is a single server, several are the nodes of a cluster. `redis+sentinel://host:port/master` or
 * `…/master/database` are sentinels, which are asked for that master; the login in the first URL is for Redis, not for the
 * sentinels. With `rediss` instead of `redis`, connections are encrypted.
 */
export function redisLocation(urls: readonly string[]): RedisLocation {
  const [first] = urls;
  if (first === undefined) throw new Error('REDIS_URL does not name a server; set it to a URL of Redis');
  const url = new URL(first);
  if (url.protocol.endsWith('+sentinel:')) {
    return {
      kind: 'sentinel',
      sentinels: urls.map(addressOf),
      master: { ...masterOf(url), ...loginOf(url) },
    };
  }
  if (urls.length === 1) return { kind: 'standalone', url: first };
  return { kind: 'cluster', urls: [...urls], login: loginOf(url) };
}

function masterOf({ pathname }: URL): Pick<RedisMaster, 'name' | 'database'> {
  const [name = '', database = '0'] = pathname.slice(1).split('/');
  return { name: decodeURIComponent(name), database: Number(database) };
}

function loginOf({ username, password, protocol }: URL): RedisLogin {
  return {
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    encrypted: protocol.startsWith('rediss'),
  };
}

function addressOf(sentinel: string): RedisAddress {
  const { hostname, port } = new URL(sentinel);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || SENTINEL_PORT };
}
