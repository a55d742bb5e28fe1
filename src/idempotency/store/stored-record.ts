import { HttpException } from '@nestjs/common';
import type { IdempotencyRecord, StoredError } from './idempotency-store';

/** Records are stored as JSON text, in memory too: what a handler does to its result afterwards changes nothing. */
export function writeRecord(record: IdempotencyRecord): string {
  return JSON.stringify(record);
}

/** @throws Error when the text is not what {@link writeRecord} makes */
export function readRecord(stored: unknown): IdempotencyRecord {
  const record: unknown = typeof stored === 'string' ? JSON.parse(stored) : undefined;
  if (!isRecord(record)) throw new Error('a stored idempotency record is not what this version writes');
  return record;
}

/** Whether a request is the one that was processed; where either side has no fingerprint, any request is. */
export function fitsRecord(record: IdempotencyRecord, fingerprint: string | undefined): boolean {
  return fingerprint === undefined || record.fingerprint === undefined || record.fingerprint === fingerprint;
}

function isRecord(value: unknown): value is IdempotencyRecord {
  return typeof value === 'object' && value !== null && 'processedAt' in value && 'result' in value;
}

/** Thrown to duplicates in place of an error that was remembered. */
export class RememberedError extends Error {
  constructor(readonly original: StoredError) {
    super(original.message);
    this.name = 'RememberedError';
  }
}

export function storedErrorFrom(error: unknown): StoredError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message } = error;
  if (!(error instanceof HttpException)) return { name, message };
  return { name, message, http: { status: error.getStatus(), response: error.getResponse() } };
}

export function errorFrom(stored: StoredError): Error {
  return stored.http
    ? new HttpException(stored.http.response, stored.http.status)
    : new RememberedError(stored);
}
