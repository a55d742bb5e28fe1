import { hash } from 'node:crypto';
import { canonicalJson } from './canonical-json';

/** 132 bits: two payloads that share them are not to be expected, and records are kept by the million. */
const FINGERPRINT_LENGTH = 22;

/**
 * The beginning of SHA-256 over the canonical JSON (RFC 8785) of a payload, base64url: equal for equal content, whatever
 * the order of its keys; different for anything else.
 *
 * @throws Error when the payload holds what JSON cannot (NaN, Infinity, a BigInt, a cycle)
 */
export function fingerprintOf(payload: unknown): string {
  return hash('sha256', canonicalJson(payload) ?? 'undefined', 'base64url').slice(0, FINGERPRINT_LENGTH);
}
