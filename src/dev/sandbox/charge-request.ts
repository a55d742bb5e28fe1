import { createHash } from 'node:crypto';
import type { HttpRequest } from './http';

/** `POST /v1/payment_intents` as received, not yet checked. */
export interface ChargeRequest {
  idempotencyKey: string | null;
  /** Compared by the idempotency layer: equal for equal method, path and parameters, in any order. */
  parametersHash: string;
  parameters: URLSearchParams;
  metadata: Record<string, string>;
}

export function readChargeRequest(request: HttpRequest): ChargeRequest {
  const parameters = new URLSearchParams(request.body);
  return {
    idempotencyKey: headerText(request.headers['idempotency-key']),
    parametersHash: hashOf(request, parameters),
    parameters,
    metadata: readMetadata(parameters),
  };
}

function headerText(value: string | string[] | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function hashOf({ method, path }: HttpRequest, parameters: URLSearchParams): string {
  const pairs = [...parameters].map((pair) => JSON.stringify(pair)).sort();
  return createHash('sha256')
    .update(JSON.stringify([method, path, pairs]))
    .digest('hex');
}

/** `metadata[order]=7` in the form is `{ order: '7' }`. */
function readMetadata(parameters: URLSearchParams): Record<string, string> {
  const pairs: [string, string][] = [];
  for (const [name, value] of parameters) {
    const key = /^metadata\[(.+)\]$/.exec(name)?.[1];
    if (key !== undefined) pairs.push([key, value]);
  }
  return Object.fromEntries(pairs);
}
