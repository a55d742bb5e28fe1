import { HttpException } from '@nestjs/common';

/** An error as a record keeps it. */
export interface StoredError {
  readonly name: string;
  readonly message: string;
  /** Status and body, where it was an `HttpException`. */
  readonly http?: { readonly status: number; readonly response: string | object };
}

/** Stands for an error that was remembered: thrown to duplicates in place of the first one. */
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
