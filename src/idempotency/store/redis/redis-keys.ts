import type { ScopedKey } from '../idempotency-store';

export interface RedisKeys {
  readonly record: string;
  readonly lock: string;
  readonly attempts: string;
}

/** On Redis Cluster names carry a hash tag. */
export type RedisLayout = 'standalone' | 'cluster';

const BRACE_TAG = '{brace}';
const KINDS = { record: 'idempotent', lock: 'lock', attempts: 'attempts' };

/**
 * The three Redis keys of one idempotency key. On Redis Cluster the idempotency key becomes the hash tag, so that the
 * three share a slot and one script may use them all.
 */
export function redisKeys({ scope, key }: ScopedKey, layout: RedisLayout): RedisKeys {
  const name = `${scope}:${layout === 'cluster' ? hashTagged(key) : key}`;
  return {
    record: `${KINDS.record}:${name}`,
    lock: `${KINDS.lock}:${name}`,
    attempts: `${KINDS.attempts}:${name}`,
  };
}

/** What the names of a scope's keys begin with. */
export function redisPrefixes(scope: string): string[] {
  return Object.values(KINDS).map((kind) => `${kind}:${scope}:`);
}

/** The idempotency key behind what follows the prefix in a name; the inverse of {@link redisKeys}. */
export function keyBehind(rest: string, layout: RedisLayout): string {
  if (layout === 'standalone') return rest;
  // Only the tag of a key that begins with a closing brace does not end in one.
  return rest.endsWith('}') ? rest.slice(1, -1) : rest.slice(BRACE_TAG.length, -1);
}

/**
 * A tag ends at the first closing brace, which for most keys with braces still gives one tag for all three. Only a
 * key that begins with a closing brace would make an empty tag, and an empty tag is none: it gets a fixed one, and an
 * end that no other key's name has.
 */
function hashTagged(key: string): string {
  return key.startsWith('}') ? `${BRACE_TAG}${key}.` : `{${key}}`;
}
