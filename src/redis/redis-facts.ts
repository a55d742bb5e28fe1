/** Settings of one Redis server that decide whether payments may rely on it. Undefined if Redis does not report them. */
export interface RedisFacts {
  version?: string;
  /** `noeviction`, or which keys Redis evicts when memory is full. */
  maxmemoryPolicy?: string;
  /** Whether every write is appended to a file. */
  appendOnly?: boolean;
  /** `master`, or `slave`, which refuses writes. */
  role?: string;
}

/** Parses the answer of `INFO`, which needs no permission for `CONFIG`. */
export function parseRedisInfo(info: string): RedisFacts {
  const fields = new Map<string, string>();
  for (const line of info.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  const appendOnly = fields.get('aof_enabled');
  return {
    version: fields.get('redis_version'),
    maxmemoryPolicy: fields.get('maxmemory_policy'),
    appendOnly: appendOnly === undefined ? undefined : appendOnly === '1',
    role: fields.get('role'),
  };
}

/** Why no payment may be charged with this server, or undefined. */
export function obstacleIn({ maxmemoryPolicy, role }: RedisFacts): string | undefined {
  if (role === 'slave') return 'it is a replica and refuses writes; point REDIS_URL at the master';
  if (maxmemoryPolicy === undefined) {
    return 'INFO does not report its maxmemory-policy; permit INFO to the user of REDIS_URL, so that noeviction can be verified';
  }
  if (maxmemoryPolicy === 'noeviction') return undefined;
  return (
    `its maxmemory-policy is ${maxmemoryPolicy}, so it may evict the record of a payment, which is then charged again; ` +
    'set maxmemory-policy to noeviction'
  );
}

/** Why a restart of this server is dangerous, or undefined. */
export function riskIn({ appendOnly }: RedisFacts): string | undefined {
  if (appendOnly !== false) return undefined;
  return 'Redis is not append-only: a restart forgets which payments are done; set appendonly to yes';
}

/** A short summary of the servers: each different value once, `unknown` if no server reports it. */
export function summaryOf(
  servers: readonly RedisFacts[],
): Record<'version' | 'maxmemoryPolicy' | 'persistence', string> {
  const known = servers.length > 0 ? servers : [{}];
  const each = (say: (facts: RedisFacts) => string | undefined): string =>
    [...new Set(known.map((facts) => say(facts) ?? 'unknown'))].join(' and ');
  return {
    version: each(({ version }) => version),
    maxmemoryPolicy: each(({ maxmemoryPolicy }) => maxmemoryPolicy),
    persistence: each(persistenceOf),
  };
}

function persistenceOf({ appendOnly }: RedisFacts): string {
  if (appendOnly === undefined) return 'persistence unknown';
  return appendOnly ? 'append-only' : 'not append-only';
}
