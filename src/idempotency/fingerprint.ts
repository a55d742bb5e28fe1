import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';

/**
 * SHA-256 over the canonical JSON (RFC 8785) of a payload, base64url: equal for equal content, whatever the order of
 * its keys; different for anything else.
 *
 * @throws Error when the payload holds what JSON cannot (NaN, Infinity, a cycle)
 */
export function fingerprintOf(payload: unknown): string {
  return hash('sha256', canonicalize(payload) ?? 'undefined', 'base64url');
}
