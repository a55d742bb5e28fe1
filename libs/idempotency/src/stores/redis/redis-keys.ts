import type { ScopedKey } from '../idempotency-store';

export interface RedisKeys {
  readonly record: string;
  readonly lock: string;
}

/** On Redis Cluster, names have a hash tag. */
export type RedisLayout = 'standalone' | 'cluster';

const BRACE_TAG = '{brace}';
const KINDS = { record: 'idempotent', lock: 'lock' };

/**
 * The two Redis keys of one idempotency key. On Redis Cluster the idempotency key becomes the hash tag, so that both
 * share a slot and one script may use them.
 */
export function redisKeys({ scope, key }: ScopedKey, layout: RedisLayout): RedisKeys {
  const name = `${scope}:${layout === 'cluster' ? hashTagged(key) : key}`;
  return {
    record: `${KINDS.record}:${name}`,
    lock: `${KINDS.lock}:${name}`,
  };
}

/** The prefixes of all Redis keys of a scope. */
export function redisPrefixes(scope: string): string[] {
  return Object.values(KINDS).map((kind) => `${kind}:${scope}:`);
}

/** The idempotency key of a Redis key, given without its prefix; the inverse of {@link redisKeys}. */
export function keyBehind(rest: string, layout: RedisLayout): string {
  if (layout === 'standalone') return rest;
  // Only names of keys that begin with a closing brace do not end in one.
  return rest.endsWith('}') ? rest.slice(1, -1) : rest.slice(BRACE_TAG.length, -1);
}

/**
 * A hash tag ends at the first closing brace, so both names have the same tag even for most keys with braces. Only a
 * key that begins with a closing brace would give an empty tag, which Redis ignores: it gets a fixed tag, and an ending
 * that no other name has.
 */
function hashTagged(key: string): string {
  return key.startsWith('}') ? `${BRACE_TAG}${key}.` : `{${key}}`;
}
