import type { ScopedKey } from '../idempotency-store';

export interface RedisKeys {
  readonly record: string;
  readonly lock: string;
  readonly attempts: string;
}

/**
 * The three Redis keys of one idempotency key. On Redis Cluster the idempotency key becomes the hash tag, so that the
 * three share a slot and one script may use them all.
 */
export function redisKeys({ scope, key }: ScopedKey, layout: 'standalone' | 'cluster'): RedisKeys {
  const name = `${scope}:${layout === 'cluster' ? hashTagged(key) : key}`;
  return { record: `idempotent:${name}`, lock: `lock:${name}`, attempts: `attempts:${name}` };
}

/**
 * A tag ends at the first closing brace, which for most keys with braces still gives one tag for all three. Only a
 * key that begins with a closing brace would make an empty tag, and an empty tag is none: it gets a fixed one, and an
 * end that no other key's name has.
 */
function hashTagged(key: string): string {
  return key.startsWith('}') ? `{brace}${key}.` : `{${key}}`;
}
