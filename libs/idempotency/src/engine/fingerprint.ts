import { hash } from 'node:crypto';
import { canonicalJson } from './canonical-json';

/** 132 bits: enough that no two payloads are expected to share them, although there are millions of records. */
const FINGERPRINT_LENGTH = 22;

/**
 * The first 22 characters of SHA-256 over the canonical JSON (RFC 8785) of a payload, in base64url. Equal for equal content,
 * whatever the order of its keys; different for any other content.
 *
 * @throws Error if the payload has what JSON cannot hold (NaN, Infinity, a BigInt, a cycle)
 */
export function fingerprintOf(payload: unknown): string {
  return hash('sha256', canonicalJson(payload) ?? 'undefined', 'base64url').slice(0, FINGERPRINT_LENGTH);
}
