/** The deepest nesting of a payment request, over HTTP and in messages. */
export const MAX_DEPTH = 16;
/** Names that would reach an object's prototype if the object is copied carelessly. */
export const FORBIDDEN_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

/** Whether a value is nested deeper than that. Looks no deeper than it must, so its own recursion is bounded, too. */
export function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeperThan(levels - 1, member));
}
